//! TLS to the database. The door of these tests stands before a real server that has none: it takes
//! the encryption off and passes on what it hears.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::{
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{CertifiedKey, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use store::{Error, Options, Store, migrations};
use testkit::TestDatabase;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_rustls::TlsAcceptor;

const URL: &str = "TLS_TEST_URL";
/// The request for TLS: its length, then its code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

struct Door {
    port: u16,
    encrypted: Arc<AtomicUsize>,
}

impl Door {
    /// Opens a door to the server of `database`; with a key it speaks TLS.
    async fn open(database: &TestDatabase, key: Option<&CertifiedKey<KeyPair>>) -> Self {
        let config = database.config();
        let [Host::Unix(folder)] = config.get_hosts() else {
            unreachable!("the server of tests listens on a socket");
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Self {
            port: listener.local_addr().unwrap().port(),
            encrypted: Arc::default(),
        };
        let (acceptor, encrypted) = (key.map(acceptor), door.encrypted.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let passed = pass(stream, acceptor.clone(), socket.clone(), encrypted.clone());
                tokio::spawn(passed);
            }
        });
        door
    }

    /// The same database by way of the door.
    fn config(&self, database: &TestDatabase, mode: SslMode) -> Config {
        let direct = database.config();
        let mut config = Config::new();
        config
            .host("localhost")
            .hostaddr([127, 0, 0, 1].into())
            .port(self.port)
            .user(direct.get_user().unwrap())
            .dbname(direct.get_dbname().unwrap())
            .ssl_mode(mode);
        config
    }
}

fn acceptor(key: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let certificate = CertificateDer::from(key.cert.der().to_vec());
    let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Who does not ask for TLS is not let in.
async fn pass(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    socket: PathBuf,
    encrypted: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let mut asked = [0; 8];
    stream.read_exact(&mut asked).await?;
    assert_eq!(asked, SSL_REQUEST);
    let mut server = UnixStream::connect(socket).await?;
    if let Some(acceptor) = acceptor {
        stream.write_all(b"S").await?;
        let mut stream = acceptor.accept(stream).await?;
        encrypted.fetch_add(1, Ordering::Relaxed);
        copy_bidirectional(&mut stream, &mut server).await?;
    } else {
        stream.write_all(b"N").await?;
        copy_bidirectional(&mut stream, &mut server).await?;
    }
    Ok(())
}

fn self_signed() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

async fn connect(config: &Config) -> Result<Store, Error> {
    let options = Options {
        application_name: "tls test".to_owned(),
        pool_size: 2,
    };
    Store::connect(config, options).await
}

/// Takes every kind of connection that there is.
async fn use_all(config: &Config) {
    let store = connect(config).await.unwrap();
    store.check_schema().await.unwrap();
    let session = store.session("over tls").await.unwrap();
    assert!(session.try_claim(1).await.unwrap());
    session.close().await;
    let report = migrations::run(config).await.unwrap();
    assert_eq!(report.to_string(), "up to date");
}

#[tokio::test]
async fn preferred_tls_takes_any_certificate() {
    let database = testkit::database().await;
    let door = Door::open(&database, Some(&self_signed())).await;
    use_all(&door.config(&database, SslMode::Prefer)).await;
    // Two for the check, one each for the pool, the session and the migrations.
    assert_eq!(door.encrypted.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn preferred_tls_goes_without_where_there_is_none() {
    let database = testkit::database().await;
    let door = Door::open(&database, None).await;
    use_all(&door.config(&database, SslMode::Prefer)).await;
}

#[tokio::test]
async fn required_tls_refuses_a_certificate_that_nobody_vouches_for() {
    let database = testkit::database().await;
    let door = Door::open(&database, Some(&self_signed())).await;
    let config = door.config(&database, SslMode::Require);
    for refused in [
        connect(&config).await.unwrap_err(),
        migrations::run(&config).await.unwrap_err(),
    ] {
        assert!(matches!(refused, Error::Untrusted { .. }), "{refused:?}");
        assert!(!refused.is_passing());
        let text = refused.to_string();
        assert!(text.contains("invalid peer certificate"), "{text}");
        assert!(text.contains("SSL_CERT_FILE"), "{text}");
    }
    assert_eq!(door.encrypted.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn required_tls_refuses_a_server_without() {
    let database = testkit::database().await;
    let door = Door::open(&database, None).await;
    let config = door.config(&database, SslMode::Require);
    let refused = connect(&config).await.unwrap_err();
    assert!(matches!(refused, Error::UnfitServer(_)), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("does not support TLS"), "{text}");
}

#[tokio::test]
async fn a_socket_needs_no_tls() {
    let database = testkit::database().await;
    let mut config = database.config();
    config.ssl_mode(SslMode::Require);
    use_all(&config).await;
}

/// In a process of its own, for roots come from the environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn required_tls_takes_a_certificate_that_the_environment_names() {
    let database = testkit::database().await;
    let key = self_signed();
    let door = Door::open(&database, Some(&key)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.pem");
    std::fs::write(&file, key.cert.pem()).unwrap();
    let config = door.config(&database, SslMode::Require);
    let (user, name) = (config.get_user().unwrap(), config.get_dbname().unwrap());
    let url = format!(
        "postgres://{user}@localhost:{}/{name}?sslmode=require",
        door.port
    );
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(URL, url)
            .env("SSL_CERT_FILE", file)
            .output()
            .unwrap()
    });
    let output = child.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    assert_eq!(door.encrypted.load(Ordering::Relaxed), 5);
}

#[tokio::test]
#[ignore = "the other half of the test before it"]
async fn child() {
    let url = std::env::var_os(URL).unwrap();
    let config: Config = url.to_str().unwrap().parse().unwrap();
    use_all(&config).await;
}
