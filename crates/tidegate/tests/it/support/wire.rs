//! A bare connection, for requests that no client library would send, and answers read as they come.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{answer::Answer, form::content_type, soon};

/// See the module's documentation.
pub struct Wire {
    pub reader: BufReader<OwnedReadHalf>,
    pub writer: OwnedWriteHalf,
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        let (reader, writer) = TcpStream::connect(address).await.unwrap().into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends one chunk of a chunked body.
    pub async fn chunk(&mut self, bytes: &[u8]) {
        self.send(format!("{:x}\r\n", bytes.len())).await;
        self.send(bytes).await;
        self.send("\r\n").await;
    }

    /// Sends the head of an upload; `more` are header lines, each with its line end.
    pub async fn begin_upload(&mut self, token: &str, more: &str) {
        let head = format!(
            "POST /pinning/pinFile HTTP/1.1\r\nHost: test\r\nUserAccessToken: {token}\r\n\
             Content-Type: {}\r\n{more}\r\n",
            content_type()
        );
        self.send(head).await;
    }

    /// Reads one answer with a `Content-Length`, whatever else may follow.
    pub async fn answer(&mut self) -> Answer {
        answer_from(&mut self.reader).await
    }

    /// Waits until the server has closed its side.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = soon("the connection ends", self.reader.read_to_end(&mut rest)).await;
    }
}

/// Reads one answer with a `Content-Length`, for whoever sends from elsewhere meanwhile.
pub async fn answer_from(reader: &mut BufReader<OwnedReadHalf>) -> Answer {
    soon("an answer comes", read_answer(reader)).await
}

async fn read_answer(reader: &mut BufReader<OwnedReadHalf>) -> Answer {
    let status = line(reader).await;
    let status = status.split(' ').nth(1).unwrap_or_default();
    let status = status.parse().unwrap_or_else(|_| panic!("no status came, but {status:?}"));
    let mut headers = HeaderMap::new();
    while let Some((name, value)) = line(reader).await.split_once(": ") {
        headers
            .append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    Answer { status, headers, body: Bytes::from(body) }
}

async fn line(reader: &mut BufReader<OwnedReadHalf>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}
