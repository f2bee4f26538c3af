//! QR codes as the path of an SVG picture.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use super::super::{super::error::Failure, PanelError};

/// White modules around the code (ISO/IEC 18004, section 6.3.8).
const MARGIN: usize = 4;

/// A picture of squares, each one unit wide.
pub(super) struct Qr {
    /// Units of a side, the margin included.
    pub side: usize,
    /// The dark ones, row by row, for the attribute `d` of a path.
    pub path: String,
}

impl Qr {
    /// The picture of `text`.
    ///
    /// # Errors
    /// It is too long for any: more than two thousand bytes.
    pub(super) fn of(text: &str) -> Result<Self, PanelError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| PanelError::Failed(Failure::Internal.log(&error)))?;
        let width = code.width();
        let mut path = String::new();
        for (index, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (index % width + MARGIN, index / width + MARGIN);
                // Writing to a text cannot fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Ok(Self { side: width + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_those_of_a_code() {
        let qr = Qr::of("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ").expect("it is short");
        let (side, last) = (qr.side, qr.side - MARGIN - 1);
        assert!(side > 2 * MARGIN + 20 && (side - 2 * MARGIN - 17).is_multiple_of(4), "{side}");
        for (x, y) in [(MARGIN, MARGIN), (last, MARGIN), (MARGIN, last)] {
            assert!(qr.path.contains(&format!("M{x} {y}h1")), "{x} {y}");
        }
        assert!(Qr::of(&"x".repeat(4000)).is_err());
    }
}
