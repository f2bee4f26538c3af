//! Charts of days, as SVG: pure functions of numbers. No styles here, only classes, which `panel.css` knows; what a chart shows is also
//! in its words and in a table, for those who do not see it.

use std::fmt::{self, Write as _};

use super::show;
use crate::clock::Day;

// The box that everything is drawn in, in units of the SVG, and what is left around the plot for labels.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 26.0;

/// Lines across the plot, the one at the bottom not counted, at most.
const STEPS: u128 = 4;

/// What the numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Count,
}

/// How numbers of days belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was there at the end of each day: a line.
    Level,
    /// What happened during each day: bars.
    Amount,
}

/// One chart.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    /// What the ids of its parts begin with; no other chart of the page has it.
    pub id: &'static str,
    pub title: String,
    pub kind: Kind,
    pub unit: Unit,
    /// A number for each day, in order of days.
    pub days: Vec<(Day, u64)>,
    /// A line to compare with, which is drawn where it is not far above everything else.
    pub limit: Option<u64>,
}

impl Chart {
    /// The picture: an `svg` element.
    pub(super) fn svg(&self) -> String {
        let mut svg = String::with_capacity(4096);
        // Nothing that is written to a text fails.
        let _ = self.draw(&mut svg);
        svg
    }

    /// What the picture shows, the last day first.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Day, String)> {
        self.days.iter().rev().map(|(day, value)| (*day, self.unit.words(*value)))
    }

    /// What the picture shows, in a sentence.
    pub(super) fn words(&self) -> String {
        let values = || self.days.iter().map(|(_, value)| *value);
        let (Some((first, _)), Some((last, latest)), Some(least), Some(most)) =
            (self.days.first(), self.days.last(), values().min(), values().max())
        else {
            return "Nothing is known yet.".to_owned();
        };
        let word = |value| self.unit.words(value);
        let (least, most, latest) = (word(least), word(most), word(*latest));
        format!("From {first} to {last}: at least {least}, at most {most}, on the last day {latest}.")
    }

    fn draw(&self, svg: &mut String) -> fmt::Result {
        let id = self.id;
        write!(
            svg,
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title {id}-words\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-words\">{}</desc>",
            Escaped(&self.title),
            Escaped(&self.words())
        )?;
        let most = self.days.iter().map(|(_, value)| *value).max().unwrap_or(0);
        let limit = self.limit.filter(|limit| *limit / 2 <= most);
        let scale = Scale::up_to(most.max(limit.unwrap_or(0)), self.unit);
        self.draw_axes(svg, &scale)?;
        match self.kind {
            Kind::Level => self.draw_line(svg, &scale)?,
            Kind::Amount => self.draw_bars(svg, &scale)?,
        }
        if let Some(limit) = limit {
            let y = Number(scale.y(limit));
            write!(svg, "<path class=\"limit\" d=\"M{} {y}H{}\"/>", Number(LEFT), Number(RIGHT))?;
        }
        svg.write_str("</svg>")
    }

    fn draw_axes(&self, svg: &mut String, scale: &Scale) -> fmt::Result {
        for tick in scale.ticks() {
            let y = scale.y(tick);
            write!(svg, "<path class=\"rule\" d=\"M{} {}H{}\"/>", Number(LEFT), Number(y), Number(RIGHT))?;
            write!(
                svg,
                "<text class=\"amount\" x=\"{}\" y=\"{}\">{}</text>",
                Number(LEFT - 8.0),
                Number(y + 4.0),
                self.unit.words(tick)
            )?;
        }
        let y = Number(HEIGHT - 6.0);
        if let Some((first, _)) = self.days.first() {
            write!(svg, "<text class=\"first\" x=\"{}\" y=\"{y}\">{first}</text>", Number(LEFT))?;
        }
        if let [_, .., (last, _)] = &self.days[..] {
            write!(svg, "<text class=\"last\" x=\"{}\" y=\"{y}\">{last}</text>", Number(RIGHT))?;
        }
        Ok(())
    }

    fn draw_line(&self, svg: &mut String, scale: &Scale) -> fmt::Result {
        if self.days.is_empty() {
            return Ok(());
        }
        let gaps = as_f64(self.days.len().saturating_sub(1) as u64);
        let mut line = String::new();
        for (index, (_, value)) in self.days.iter().enumerate() {
            let share = if gaps > 0.0 { as_f64(index as u64) / gaps } else { 0.0 };
            let letter = if index == 0 { 'M' } else { 'L' };
            let (x, y) = (Number(LEFT + share * (RIGHT - LEFT)), Number(scale.y(*value)));
            write!(line, "{letter}{x} {y}")?;
        }
        if gaps == 0.0 {
            // One day is as wide as the plot.
            write!(line, "H{}", Number(RIGHT))?;
        }
        let (left, right, bottom) = (Number(LEFT), Number(RIGHT), Number(BOTTOM));
        write!(svg, "<path class=\"area\" d=\"{line}L{right} {bottom}L{left} {bottom}Z\"/>")?;
        write!(svg, "<path class=\"line\" d=\"{line}\"/>")
    }

    fn draw_bars(&self, svg: &mut String, scale: &Scale) -> fmt::Result {
        let slot = (RIGHT - LEFT) / as_f64(self.days.len().max(1) as u64);
        for (index, (day, value)) in self.days.iter().enumerate() {
            let (x, y) = (LEFT + slot * (as_f64(index as u64) + 0.1), scale.y(*value));
            write!(
                svg,
                "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{day}: {}</title></rect>",
                Number(x),
                Number(y),
                Number(slot * 0.8),
                Number(BOTTOM - y),
                self.unit.words(*value)
            )?;
        }
        Ok(())
    }
}

impl Unit {
    fn words(self, value: u64) -> String {
        match self {
            Self::Bytes => show::bytes(value),
            Self::Count => show::count(value),
        }
    }

    /// What steps are multiples of, for numbers up to `most`.
    fn base(self, most: u64) -> u128 {
        match self {
            Self::Count => 1,
            Self::Bytes => 1 << (most.max(1).ilog2() / 10 * 10),
        }
    }
}

/// Where a number is between the bottom and the top of the plot.
struct Scale {
    step: u128,
    /// More than nothing, and no less than anything that is drawn.
    top: u128,
}

impl Scale {
    /// Steps of 1, 2 or 5, then ten times as much, that reach `most` soon.
    fn up_to(most: u64, unit: Unit) -> Self {
        let (most_of_all, mut step) = (u128::from(most.max(1)), unit.base(most));
        for factor in [2, 5, 10].into_iter().cycle() {
            if step * STEPS >= most_of_all {
                break;
            }
            // From 1 to 2 to 5 to 10, which is the next 1.
            step = if factor == 5 { step / 2 * 5 } else { step * 2 };
        }
        Self { step, top: most_of_all.div_ceil(step) * step }
    }

    fn ticks(&self) -> impl Iterator<Item = u64> {
        let ticks = (0..=self.top / self.step).map(|number| number * self.step);
        // The last one may be more than can be counted.
        ticks.map(|tick| u64::try_from(tick).unwrap_or(u64::MAX))
    }

    fn y(&self, value: u64) -> f64 {
        let share = as_f64(value) / as_f64(u64::try_from(self.top).unwrap_or(u64::MAX));
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }
}

/// As near as a picture needs it.
#[allow(clippy::cast_precision_loss)]
fn as_f64(number: u64) -> f64 {
    number as f64
}

/// To a tenth of a unit.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;"),
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '"' => f.write_str("&quot;"),
                other => f.write_char(other),
            }?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chart(kind: Kind, unit: Unit, values: &[u64], limit: Option<u64>) -> Chart {
        let first = Day::from_number(20_000);
        let days = values.iter().scan(first, |day, value| Some((std::mem::replace(day, day.next()), *value)));
        Chart { id: "c", title: "Bytes & <pins>".to_owned(), kind, unit, days: days.collect(), limit }
    }

    /// All numbers in attributes that place something, as pairs of x and y where they come so.
    fn numbers(svg: &str) -> Vec<(char, f64)> {
        let mut found = Vec::new();
        for (attribute, axis) in [(" x=\"", 'x'), (" y=\"", 'y'), (" width=\"", 'x'), (" height=\"", 'y')] {
            let values = svg.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
            found.extend(values.map(|value| (axis, value.parse().expect("a number"))));
        }
        for path in svg.split(" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
            for command in path.split(['M', 'L', 'Z']).filter(|command| !command.is_empty()) {
                let (point, along) =
                    command.split_once('H').map_or((command, None), |(point, x)| (point, Some(x)));
                let (x, y) = point.split_once(' ').expect("a point");
                found
                    .extend([('x', x), ('y', y)].map(|(axis, text)| (axis, text.parse().expect("a number"))));
                found.extend(along.map(|x| ('x', x.parse().expect("a number"))));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn everything_is_inside_the_box(
            values in prop::collection::vec(prop_oneof![any::<u64>(), 0u64..5, Just(u64::MAX), Just(0)], 0..40),
            limit in prop::option::of(any::<u64>()),
            level in any::<bool>(),
            bytes in any::<bool>(),
        ) {
            let kind = if level { Kind::Level } else { Kind::Amount };
            let unit = if bytes { Unit::Bytes } else { Unit::Count };
            let svg = chart(kind, unit, &values, limit).svg();
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", svg);
            for (axis, number) in numbers(&svg) {
                let end = if axis == 'x' { WIDTH } else { HEIGHT };
                prop_assert!((0.0..=end).contains(&number), "{} {}: {}", axis, number, svg);
            }
            prop_assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
        }

        #[test]
        fn the_scale_has_few_steps_and_reaches_everything(most in any::<u64>(), bytes in any::<bool>()) {
            let scale = Scale::up_to(most, if bytes { Unit::Bytes } else { Unit::Count });
            prop_assert!(scale.top >= u128::from(most) && scale.top.is_multiple_of(scale.step));
            prop_assert!((2..=5).contains(&scale.ticks().count()));
        }
    }

    #[test]
    fn steps_are_numbers_that_people_count_in() {
        let ticks =
            |most, unit| Scale::up_to(most, unit).ticks().map(|tick| unit.words(tick)).collect::<Vec<_>>();
        assert_eq!(ticks(0, Unit::Count), ["0", "1"]);
        assert_eq!(ticks(4, Unit::Count), ["0", "1", "2", "3", "4"]);
        assert_eq!(ticks(7, Unit::Count), ["0", "2", "4", "6", "8"]);
        assert_eq!(ticks(70, Unit::Count), ["0", "20", "40", "60", "80"]);
        assert_eq!(ticks(130, Unit::Count), ["0", "50", "100", "150"]);
        assert_eq!(ticks(3 << 30, Unit::Bytes), ["0 B", "1.0 GiB", "2.0 GiB", "3.0 GiB"]);
        assert_eq!(
            ticks(700 << 20, Unit::Bytes),
            ["0 B", "200.0 MiB", "400.0 MiB", "600.0 MiB", "800.0 MiB"]
        );
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let chart = chart(Kind::Level, Unit::Count, &[5, 3, 9, 4], None);
        assert_eq!(chart.words(), "From 2024-10-04 to 2024-10-07: at least 3, at most 9, on the last day 4.");
        let svg = chart.svg();
        assert!(svg.contains("<title id=\"c-title\">Bytes &amp; &lt;pins&gt;</title>"), "{svg}");
        assert!(
            svg.contains("aria-labelledby=\"c-title c-words\"") && svg.contains("From 2024-10-04"),
            "{svg}"
        );
        assert!(!svg.contains("style="), "{svg}");
        let rows: Vec<_> = chart.rows().map(|(day, value)| format!("{day} {value}")).collect();
        assert_eq!(rows[0], "2024-10-07 4");
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn a_limit_is_drawn_where_it_can_be_compared_with() {
        let has_limit =
            |limit| chart(Kind::Amount, Unit::Bytes, &[60, 100], limit).svg().contains("class=\"limit\"");
        assert!(!has_limit(None) && has_limit(Some(80)) && has_limit(Some(200)) && !has_limit(Some(1000)));
    }
}
