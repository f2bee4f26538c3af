//! TLS: the certificate must be the host's, and from somebody who is trusted.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tidegate::fetch::{FetchError, Fetcher};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{PUBLIC, get, guard, limits, refusal, simple};
use crate::support::origin::{Names, Origin, Reply};

/// A server whose certificate is for `names`, and the certificate.
async fn serve(names: &[&str]) -> (SocketAddr, CertificateDer<'static>) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(SocketAddr::from((PUBLIC, 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not like the certificate ends this.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsealed").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, certificate)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A client that trusts `root`, and nobody else.
fn trusting(root: &CertificateDer<'static>) -> Fetcher {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let tls = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let names =
        Names::default().with("public.example", &[&["127.0.0.2"]]).with("other.example", &[&["127.0.0.2"]]);
    Fetcher::new(guard(), Arc::new(names), tls, limits())
}

#[tokio::test]
async fn the_certificate_must_be_for_the_name_in_the_url() {
    let (address, certificate) = serve(&["public.example", "127.0.0.2"]).await;
    let fetcher = trusting(&certificate);
    for host in ["public.example", "127.0.0.2"] {
        let answer = get(&fetcher, &format!("https://{host}:{}/", address.port())).await.ok().unwrap();
        assert_eq!(answer.body.collect(100).await.unwrap(), "sealed", "{host}");
    }
    let other = format!("https://other.example:{}/", address.port());
    assert_eq!(refusal(&fetcher, &other).await, Some(FetchError::Certificate));
}

#[tokio::test]
async fn the_certificate_must_be_from_somebody_who_is_trusted() {
    let (address, _) = serve(&["public.example"]).await;
    let url = format!("https://public.example:{}/", address.port());
    assert_eq!(refusal(&simple(), &url).await, Some(FetchError::Certificate));
}

#[tokio::test]
async fn what_does_not_speak_tls_is_not_spoken_to() {
    let origin = Origin::on(PUBLIC, |_| Reply::ok("plain")).await;
    let url = origin.url_as("public.example", "/").replace("http:", "https:");
    let refusal = refusal(&simple(), &url).await;
    assert!(matches!(refusal, Some(FetchError::Certificate | FetchError::Unreachable)), "{refusal:?}");
    assert!(!origin.asked().iter().any(|asked| asked.target == "/"));
}
