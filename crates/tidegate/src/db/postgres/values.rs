//! Statements and values on PostgreSQL's side.

use bytes::BytesMut;
use deadpool_postgres::Transaction;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::{DbError, Row, Value};

pub(crate) async fn execute(
    transaction: &Transaction<'_>,
    sql: &'static str,
    params: &[Value],
) -> Result<u64, DbError> {
    let statement = transaction.prepare_cached(sql).await?;
    Ok(transaction.execute(&statement, &pointers(params)).await?)
}

pub(crate) async fn query(
    transaction: &Transaction<'_>,
    sql: &'static str,
    params: &[Value],
) -> Result<Vec<Row>, DbError> {
    let statement = transaction.prepare_cached(sql).await?;
    let rows = transaction.query(&statement, &pointers(params)).await?;
    rows.iter().map(row).collect()
}

fn pointers(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let values = row.columns().iter().enumerate().map(|(index, column)| {
        let kind = column.type_();
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(index)?.map(Value::Int)
        } else if *kind == Type::INT4 {
            row.try_get::<_, Option<i32>>(index)?.map(|number| Value::Int(number.into()))
        } else if *kind == Type::TEXT {
            row.try_get::<_, Option<String>>(index)?.map(Value::Text)
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Blob)
        } else {
            return Err(DbError::Shape(format!("column {index} is a {kind}, which the other engine lacks")));
        };
        Ok(value.unwrap_or(Value::Null))
    });
    values.collect::<Result<Vec<_>, DbError>>().map(Row::new)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // Each kind checks that the server expects it: a number where text is due must not be sent as bytes.
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Blob(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
