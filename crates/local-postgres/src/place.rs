//! Where the parts of one server lie, and who owns them.
//!
//! Home: lock files and `server.json`, the starter's. Root: `data` and `server.log`, the server
//! user's; in the home, or under `/var/lib/crossfeed` where that user cannot enter the home.
//! Socket folder: short, because socket paths end at 107 bytes.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::process::ServerUser;
use crate::{Error, Report, record};

/// Where data go that cannot lie in the home.
const ELSEWHERE: &str = "/var/lib/crossfeed";

#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) home: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) user: ServerUser,
}

impl Place {
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    /// Returns the place of a home that has been used before; makes nothing.
    pub(crate) fn locate(home: &Path) -> Result<Option<Self>, Error> {
        let recorded = record::read(home).map(|record| record.root);
        let elsewhere = ServerUser::me()
            .is_root()
            .then(|| Path::new(ELSEWHERE).join(hash(home)));
        let roots = recorded
            .into_iter()
            .chain([home.join("postgres")])
            .chain(elsewhere);
        for root in roots {
            let Ok(found) = std::fs::metadata(&root) else {
                continue;
            };
            let (me, owner) = (ServerUser::me(), ServerUser::of(found.uid(), found.gid()));
            if !me.is_root() && owner.uid != me.uid {
                return Err(Error::NotOwner {
                    path: root,
                    owner: owner.name,
                });
            }
            // A starter that died before it gave the folder away leaves it to root.
            let user = if owner.is_root() {
                ServerUser::for_root()?
            } else {
                owner
            };
            let root = root.canonicalize().map_err(Error::io("resolve", &root))?;
            return Ok(Some(Self {
                home: home.to_owned(),
                root,
                user,
            }));
        }
        Ok(None)
    }

    /// Returns the place of a home, made where it is missing. Call it under the start lock.
    pub(crate) async fn prepare(home: &Path, report: Report<'_>) -> Result<Self, Error> {
        let mut place = match Self::locate(home)? {
            Some(place) => place,
            None => Self::choose(home, report).await?,
        };
        if record::read(home).is_none() && place.data().exists() {
            report(&format!(
                "using the data of an earlier home in {}",
                place.root.display()
            ));
        }
        place.make_root()?;
        place.root = place
            .root
            .canonicalize()
            .map_err(Error::io("resolve", &place.root))?;
        if place.user.can_enter(&place.root).await? {
            return Ok(place);
        }
        Err(Error::NoWay {
            path: place.root,
            user: place.user.name,
        })
    }

    /// The guard of another home may just be removing the folder above.
    fn make_root(&self) -> Result<(), Error> {
        let mut made = Ok(());
        for _ in 0..3 {
            if self.root.starts_with(ELSEWHERE) {
                make_public(Path::new(ELSEWHERE))?;
            }
            made = make_private(&self.root, &self.user);
            if made.is_ok() {
                break;
            }
        }
        made
    }

    async fn choose(home: &Path, report: Report<'_>) -> Result<Self, Error> {
        let me = ServerUser::me();
        let user = if me.is_root() {
            ServerUser::for_root()?
        } else {
            me
        };
        let mut root = home.join("postgres");
        if !user.can_enter(home).await? {
            root = Path::new(ELSEWHERE).join(hash(home));
            report(&format!(
                "user {} cannot enter {}: its data go to {}",
                user.name,
                home.display(),
                root.display()
            ));
        }
        Ok(Self {
            home: home.to_owned(),
            root,
            user,
        })
    }

    /// Returns a short folder for the socket that belongs to the server's user alone, made where
    /// it is missing.
    pub(crate) fn prepare_socket_dir(&self) -> Result<PathBuf, Error> {
        let mut tried = Vec::new();
        for folder in socket_dirs(&self.home, ServerUser::me().is_root()) {
            match make_private(&folder, &self.user) {
                Ok(()) => return Ok(folder),
                Err(error) => tried.push(format!("{}: {error}", folder.display())),
            }
        }
        Err(Error::SocketFolder {
            tried: tried.join("; "),
        })
    }
}

/// Returns the home with all links resolved, made where it is missing; every name that is derived
/// from a home is derived from this.
pub(crate) fn make_home(home: &Path) -> Result<PathBuf, Error> {
    make_public(home)?;
    home.canonicalize().map_err(Error::io("resolve", home))
}

/// Short and stable: names what lies outside a home. Also several users' folders stay apart.
fn hash(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `/run` first for root: nobody else can lay a folder there.
fn socket_dirs(home: &Path, root: bool) -> Vec<PathBuf> {
    let name = hash(home);
    let mut folders = vec![PathBuf::from(format!("/tmp/xf-{name}"))];
    if root {
        folders.insert(0, PathBuf::from(format!("/run/xf-{name}")));
    }
    folders.extend((1..4).map(|n| PathBuf::from(format!("/tmp/xf-{name}-{n}"))));
    folders
}

/// Makes a folder that only `user` may enter; refuses one that somebody else has laid there.
fn make_private(folder: &Path, user: &ServerUser) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("create", folder)(error)),
    }
    let found = std::fs::symlink_metadata(folder).map_err(Error::io("look at", folder))?;
    let me = ServerUser::me();
    let strange = !found.is_dir() || (found.uid() != user.uid && found.uid() != me.uid);
    if strange {
        let owner = ServerUser::of(found.uid(), found.gid()).name;
        return Err(Error::NotOwner {
            path: folder.to_owned(),
            owner,
        });
    }
    if found.mode() & 0o077 != 0 {
        let closed = Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, closed).map_err(Error::io("close", folder))?;
    }
    if found.uid() != user.uid {
        chown(folder, Some(user.uid), Some(user.gid)).map_err(Error::io("give away", folder))?;
    }
    Ok(())
}

/// Makes a folder that everybody may enter; one that is there stays as it is.
fn make_public(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let open = Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, open).map_err(Error::io("open", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_paths_fit() {
        let home = Path::new("/a/very/long/home/that/nobody/would/choose").join("x".repeat(150));
        for folder in socket_dirs(&home, true) {
            let socket = folder.join(".s.PGSQL.5432");
            assert!(socket.as_os_str().len() <= 107, "{}", socket.display());
        }
    }

    #[test]
    fn folders_of_strangers_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let me = ServerUser::me();
        let folder = top.path().join("mine");
        make_private(&folder, &me).unwrap();
        let mode = std::fs::metadata(&folder).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        let link = top.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(
            make_private(&link, &me),
            Err(Error::NotOwner { .. })
        ));
        if me.is_root() {
            chown(&folder, Some(12_345), None).unwrap();
            assert!(matches!(
                make_private(&folder, &me),
                Err(Error::NotOwner { .. })
            ));
        }
    }
}
