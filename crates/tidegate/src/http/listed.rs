//! Pages of lists, which are asked for one entry more than they show.

/// Cuts what was found down to `most` entries, the way a page shows them. Gives what `place` says of the last one if more come
/// behind it.
pub(super) fn cut<T, P>(found: &mut Vec<T>, most: u32, place: impl FnOnce(&T) -> P) -> Option<P> {
    let most = most as usize;
    let is_more = found.len() > most;
    found.truncate(most);
    found.last().filter(|_| is_more).map(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_is_shown_tells_where_the_next_page_begins() {
        for (found, shown, next) in [(0, 0, None), (2, 2, None), (3, 2, Some(1))] {
            let mut entries: Vec<_> = (0..found).collect();
            assert_eq!(cut(&mut entries, 2, |last| *last), next, "{found} found");
            assert_eq!(entries.len(), shown);
        }
    }
}
