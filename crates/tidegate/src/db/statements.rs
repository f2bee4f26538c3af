//! How SQL is written down: constants that the checks below and the engines' own parsers get to see, all of them.

use super::Engine;

/// One SQL text with the name of its constant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// The one engine that understands it; usually both do.
    pub(super) only: Option<Engine>,
}

/// Declares SQL constants and a list `ALL` of them. `NAME on Engine = …` where the engines must differ.
///
/// A parameter `$n` appears for the first time after `$n-1` has: SQLite numbers parameters in the order in which
/// it meets them, whatever their digits say.
macro_rules! statements {
    ($($name:ident $(on $engine:ident)? = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+

        pub(in crate::db) const ALL: &[$crate::db::statements::Statement] = &[$(
            $crate::db::statements::Statement {
                name: stringify!($name),
                sql: $name,
                only: statements!(@engine $($engine)?),
            },
        )+];
    };
    (@engine) => { None };
    (@engine $engine:ident) => { Some($crate::db::Engine::$engine) };
}
pub(super) use statements;

/// Every statement of the data layer that `engine` must understand.
pub(super) fn all(engine: Engine) -> impl Iterator<Item = Statement> {
    [
        super::accounts::ALL,
        super::keys::ALL,
        super::keys::terms::ALL,
        super::links::ALL,
        super::contents::ALL,
        super::pins::ALL,
        super::pins::pages::ALL,
        super::settings::ALL,
        super::nonces::ALL,
        super::tokens::ALL,
        super::orders::ALL,
        super::receipts::ALL,
        super::assets::ALL,
        super::wallets::ALL,
        super::tallies::ALL,
        super::jobs::ALL,
        super::jobs::list::ALL,
        super::jobs::search::ALL,
        super::jobs::queue::ALL,
        super::jobs::turns::ALL,
        super::jobs::mirror::ALL,
        super::endpoints::ALL,
        super::errands::ALL,
        super::outbox::ALL,
        super::unpinned::ALL,
        super::webhooks::ALL,
        super::webhooks::deliveries::ALL,
        super::webhooks::outbox::ALL,
        super::uploads::ALL,
        super::sessions::ALL,
        super::second_factors::ALL,
        super::invites::ALL,
        super::usage::ALL,
        super::roster::ALL,
        super::password_links::ALL,
    ]
    .into_iter()
    .flatten()
    .filter(move |statement| statement.only.is_none_or(|only| only == engine))
    .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers behind `$` in the order of the text.
    fn parameters(sql: &str) -> Vec<usize> {
        sql.split('$')
            .skip(1)
            .filter_map(|rest| {
                let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                rest[..digits].parse().ok()
            })
            .collect()
    }

    fn first_appear_ascending(sql: &str) -> bool {
        let mut seen = 0;
        parameters(sql).into_iter().all(|number| {
            seen += usize::from(number == seen + 1);
            (1..=seen).contains(&number)
        })
    }

    #[test]
    fn the_lint_sees_wrong_orders() {
        assert!(first_appear_ascending("select $1, $2, $1, $3"));
        assert!(!first_appear_ascending("select $2, $1"));
        assert!(!first_appear_ascending("select $1, $3"));
        assert!(!first_appear_ascending("select $0"));
    }

    #[test]
    fn parameters_first_appear_in_ascending_order() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            for statement in all(engine) {
                assert!(first_appear_ascending(statement.sql), "{}: {}", statement.name, statement.sql);
            }
        }
    }
}
