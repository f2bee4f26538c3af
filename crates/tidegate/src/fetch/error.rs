//! Why nothing, or not all, could be fetched. The words never hold a URL, a host or an address: they reach buyers and logs.

use std::error::Error;

/// See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The text is no URL that is fetched: another scheme, no host, too long.
    #[error("the address of the content is not usable")]
    BadUrl,
    /// It lives where the guard lets nothing go. Nothing was sent.
    #[error("the content lives at an address that is not public")]
    Refused,
    /// Its name is not known, or nobody answers there.
    #[error("the origin cannot be reached")]
    Unreachable,
    /// TLS failed, most likely for the certificate.
    #[error("the origin has no valid certificate")]
    Certificate,
    /// It took too long to connect, to begin, or to go on.
    #[error("the origin took too long")]
    Timeout,
    /// The origin sends from place to place.
    #[error("the origin redirects too often")]
    TooManyRedirects,
    /// It is longer than is taken.
    #[error("the origin sent too much")]
    TooLarge,
    /// It is not HTTP, or ended before its end.
    #[error("the origin broke off")]
    Broken,
}

impl FetchError {
    /// What lies at the bottom of a client's error. `started` tells whether a connection was there.
    pub(super) fn of(error: &(dyn Error + 'static), started: bool) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(known) = error.downcast_ref::<Self>() {
                return *known;
            }
            if error.is::<rustls::Error>() {
                return Self::Certificate;
            }
            // An I/O error hides what it was made of from `source`.
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            cause = inner.map_or_else(|| error.source(), |inner| Some(inner as &(dyn Error + 'static)));
        }
        if started { Self::Broken } else { Self::Unreachable }
    }
}
