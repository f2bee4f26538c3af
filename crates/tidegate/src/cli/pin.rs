//! `tidegate pin`: computes a CID, signs it, and sends the content it names.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, anyhow};
use clap::Args;
use http::header;
use reqwest::{Client, Response};
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Failure, Output, block_on,
    cid::ProfileArg,
    client::{self, Address, KeyArgs, Keys, UrlArg},
    form::Form,
    import::import_tree,
    progress::Progress,
    resumable::{self, Resumable},
    sending::Sending,
    tarball,
    tree::{EntryKind, Tree},
};
use crate::accounts::sign;

/// What is sent in one request, from the beginning again if that breaks off, in bytes.
const ONE_REQUEST_BYTES: u64 = 64 << 20;
/// The same in files.
const ONE_REQUEST_FILES: usize = 1000;

/// Pin a file or folder on a server.
///
/// The content is read twice: to compute its CID, which is then signed with the account's key, and to send it. Of a folder
/// everything counts, hidden files too; symbolic links are kept as links. What is large, or many files, is sent so that it goes on
/// after a break: by itself after a network error, and when the same command is run again after ^C.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  tidegate pin ./site --name 'My site'\n  tidegate pin ./data.csv --private\n\nKeys come from `tidegate login`, or from \
                        TIDEGATE_URL, TIDEGATE_API_KEY and TIDEGATE_RSA_PRIVATE_KEY."
)]
pub(super) struct Pin {
    /// The file or folder
    #[arg(value_name = "FILE_OR_DIR")]
    path: PathBuf,
    /// A name for the pin [default: the name of the file or folder]
    #[arg(long)]
    name: Option<String>,
    /// Keep it from the gateway: only who buys it, or is given it, can read it
    #[arg(long, conflicts_with = "public")]
    private: bool,
    /// Let everybody read it, which is so by default for what was not pinned privately before
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    url: UrlArg,
    #[command(flatten)]
    keys: KeyArgs,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pinned {
    pin_hash: String,
    pin_size: u64,
    pin_date: String,
    visibility: Option<String>,
    /// Where an earlier command had left off.
    #[serde(skip)]
    resumed_from: Option<u64>,
}

pub(super) fn run(command: Pin, output: Output) -> Result<(), Failure> {
    let (address, keys) = client::address_and_keys(&command.url, command.keys)?;
    let profile = command.profile.profile();
    let mut tree = Tree::read(&command.path)?;
    let hashing = Progress::new(output, "hashing", Some(tree.size()));
    let cid = import_tree(&mut tree, profile, &hashing)?.cid.to_string();
    drop(hashing);
    let secret = sign(&keys.rsa_private_key, &cid).map_err(|error| Failure::Usage(error.into()))?;
    let visibility = match (command.private, command.public) {
        (true, _) => Some("private"),
        (_, true) => Some("public"),
        _ => None,
    };
    // Of a file the server takes its own name; of a folder it would be the name of the first file in it.
    let name = command.name.or_else(|| tree.is_directory.then(|| tree.name.clone()));
    let wish = Wish { cid, secret, profile: profile.name(), visibility, name };
    let pinned = block_on(upload(&address, &keys, tree, &wish, output))?;
    let cid = wish.cid;
    if pinned.pin_hash != cid {
        return Err(Failure::Damaged(anyhow!("the server pinned {:?} and not {cid}", pinned.pin_hash)));
    }
    if command.private && pinned.visibility.as_deref() != Some("private") {
        return Err(Failure::Failed(anyhow!(
            "{address} does not know private content: it has pinned {cid} for everybody; unpin it there"
        )));
    }
    // What is private has no address.
    let url = (!command.private).then(|| address.join(&format!("/ipfs/{cid}")));
    let lines: Vec<&str> = [Some(cid.as_str()), url.as_deref()].into_iter().flatten().collect();
    Ok(output.result(
        &lines.join("\n"),
        &json!({
            "cid": cid,
            "size": pinned.pin_size,
            "date": pinned.pin_date,
            "url": url,
            "resumedFrom": pinned.resumed_from,
        }),
    )?)
}

/// What is to become of the content.
struct Wish {
    cid: String,
    secret: String,
    profile: &'static str,
    visibility: Option<&'static str>,
    name: Option<String>,
}

impl Wish {
    fn form(&self, tree: &Tree) -> Form {
        let mut form = Form::new();
        form.text("cid", &self.cid);
        form.text("profile", self.profile);
        form.text("secret", &self.secret);
        if let Some(visibility) = self.visibility {
            form.text("visibility", visibility);
        }
        if let Some(name) = &self.name {
            form.text("decooMetadata", &json!({"name": name}).to_string());
        }
        add_files(&mut form, tree);
        form
    }

    fn metadata(&self, tree: &Tree) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("cid", self.cid.clone()),
            ("secret", self.secret.clone()),
            ("profile", self.profile.to_owned()),
            ("format", if tree.is_directory { "tar" } else { "file" }.to_owned()),
            ("filename", tree.name.clone()),
        ];
        pairs.extend(self.visibility.map(|visibility| ("visibility", visibility.to_owned())));
        pairs.extend(self.name.clone().map(|name| ("name", name)));
        pairs
    }
}

/// A file under its own name; a folder as files with paths below its name.
fn add_files(form: &mut Form, tree: &Tree) {
    if tree.entries.is_empty() {
        form.other("file", &tree.name, "application/x-directory", "");
    }
    for entry in &tree.entries {
        let name =
            if tree.is_directory { format!("{}/{}", tree.name, entry.path) } else { tree.name.clone() };
        match &entry.kind {
            EntryKind::File { size } => form.file("file", &name, tree.path_of(entry), *size),
            EntryKind::EmptyDirectory => form.other("file", &name, "application/x-directory", ""),
            EntryKind::Symlink { target } => form.other("file", &name, "application/symlink", target),
        }
    }
}

/// Sends the content to the endpoint that the server names: little of it in one request, much of it so that it can go on after a
/// break, where the endpoint can do that.
async fn upload(
    address: &Address,
    keys: &Keys,
    tree: Tree,
    wish: &Wish,
    output: Output,
) -> Result<Pinned, Failure> {
    let http = client::http()?;
    let endpoint = endpoint(&http, address, keys).await?;
    let is_large = tree.size() > ONE_REQUEST_BYTES || tree.entries.len() > ONE_REQUEST_FILES;
    if !is_large || !resumable::is_offered(&http, &endpoint).await {
        return upload_at_once(&http, address, &endpoint, keys, wish.form(&tree), output).await;
    }
    let length = if tree.is_directory { tarball::len(&tree) } else { tree.size() };
    let uploaded = Resumable {
        http: client::http_for_uploads()?,
        endpoint: &endpoint,
        token: async || access_token(&http, address, keys).await,
        metadata: wish.metadata(&tree),
        tree: Arc::new(tree),
        cid: &wish.cid,
        progress: Arc::new(Progress::new(output, "sending", Some(length))),
    };
    let uploaded = uploaded.upload().await?;
    Ok(Pinned {
        pin_hash: uploaded.cid,
        pin_size: uploaded.size,
        pin_date: uploaded.date,
        // Whoever has such uploads knows private content.
        visibility: wish.visibility.map(str::to_owned),
        resumed_from: uploaded.resumed_from,
    })
}

/// Sends everything in one request.
async fn upload_at_once(
    http: &Client,
    address: &Address,
    endpoint: &Address,
    keys: &Keys,
    form: Form,
    output: Output,
) -> Result<Pinned, Failure> {
    let token = access_token(http, address, keys).await?;
    let length = form.len();
    let request = client::http_for_uploads()?
        .post(endpoint.join("/pinning/pinFile"))
        .header("UserAccessToken", token)
        .header(header::CONTENT_TYPE, form.content_type())
        .header(header::CONTENT_LENGTH, length);
    let Sending { body, reading } = form.send(Progress::new(output, "sending", Some(length)));
    match client::send(request.body(body), endpoint).await {
        Ok(response) => answer(response).await,
        // When the request broke off without an answer, the reader may know why.
        Err(Failure::Failed(error)) if error.is::<reqwest::Error>() => {
            reading.await.context("sending stopped unexpectedly")??;
            Err(Failure::Failed(error))
        }
        Err(refused) => Err(refused),
    }
}

/// Where uploads go: the first place that the server lists.
async fn endpoint(http: &Client, address: &Address, keys: &Keys) -> Result<Address, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Endpoint {
        api_host: String,
    }
    let request = http.get(address.join("/endpoint/list"));
    let request = request.bearer_auth(keys.api_key.expose_secret());
    let endpoints: Vec<Endpoint> = answer(client::send(request, address).await?).await?;
    let endpoint =
        endpoints.first().ok_or_else(|| anyhow!("{address} lists no endpoint that takes uploads"))?;
    let endpoint = Address::parse(&endpoint.api_host)
        .with_context(|| format!("{address} lists an endpoint that cannot be used"))?;
    if endpoint.is_plain() && !address.is_plain() {
        return Err(Failure::Failed(anyhow!(
            "{address} wants uploads at {endpoint}, where keys and content could be read on the way; its operator should set \
             server.public_url"
        )));
    }
    Ok(endpoint)
}

async fn access_token(http: &Client, address: &Address, keys: &Keys) -> Result<String, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Token {
        data: String,
    }
    let request = http.get(address.join("/oauth/accessToken"));
    let request = request.bearer_auth(keys.api_key.expose_secret());
    let token: Token = answer(client::send(request, address).await?).await?;
    Ok(token.data)
}

async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let answer = response.bytes().await.context("the server's answer broke off")?;
    Ok(serde_json::from_slice(&answer).context("the server's answer is not that of a pinning service")?)
}
