//! From days of which something was noted to all days: one of which nothing was noted is like the one before it.

use crate::clock::Day;

/// A value for each day from `first` to `last`. `noted` is in order of days and may begin earlier; before it there was nothing.
pub(super) fn each<T: Copy + Default>(first: Day, last: Day, noted: &[(Day, T)]) -> Vec<(Day, T)> {
    let mut noted = noted.iter().peekable();
    let (mut day, mut value, mut days) = (first, T::default(), Vec::new());
    while day <= last {
        while let Some((_, at_that_time)) = noted.next_if(|(noted, _)| *noted <= day) {
            value = *at_that_time;
        }
        days.push((day, value));
        day = day.next();
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_a_note_is_like_the_one_before() {
        let day = Day::from_number;
        let noted = [(day(1), 10), (day(5), 50), (day(6), 60), (day(9), 90)];
        let values = |first, last| each(day(first), day(last), &noted).into_iter().map(|(_, value)| value);
        assert_eq!(values(3, 8).collect::<Vec<_>>(), [10, 10, 50, 60, 60, 60]);
        assert_eq!(values(-1, 1).collect::<Vec<_>>(), [0, 0, 10]);
        assert_eq!(values(9, 8).count(), 0);
        assert_eq!(each(day(1), day(2), &[(day(7), 1)]), [(day(1), 0), (day(2), 0)]);
    }
}
