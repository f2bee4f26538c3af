//! A fresh database per test, on either engine, and the macro that runs a story on both.

use tempfile::TempDir;
use tidegate::db::{Db, DbOptions};

use super::postgres;

/// A database that only this test uses. It goes away with the test, or with PostgreSQL's cluster.
pub struct TestDatabase {
    pub options: DbOptions,
    pub folder: TempDir,
}

impl TestDatabase {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { options: DbOptions::sqlite(folder.path().join("tidegate.db")), folder }
    }

    pub async fn postgres() -> Self {
        let url = postgres::fresh_database().await;
        Self { options: DbOptions::postgres(url), folder: tempfile::tempdir().unwrap() }
    }

    pub async fn open(&self) -> Db {
        Db::open(self.options.clone()).await.unwrap()
    }
}

/// Makes each story two tests, `sqlite::story` and `postgres::story`. A story takes a [`TestDatabase`].
macro_rules! on_both_engines {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::support::databases::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story($crate::support::databases::TestDatabase::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
