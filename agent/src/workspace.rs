//! The only toucher of files on the model's behalf: nothing outside the repository, nothing of
//! `.git`, nothing but regular files.
//!
//! The kernel resolves each path beneath the repository's directory (`openat2`). That matters more
//! for us than for the model's own commands: a link to `/proc/self/environ` would show *our*
//! environment, which holds the provider key.

use std::{
    fs::{File, Metadata, Permissions},
    io::{self, Read as _, Write as _},
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2, renameat},
    sys::stat::{Mode, SFlag, fstatat, mkdirat},
    unistd::{UnlinkatFlags, unlinkat},
};

/// The repository's working tree.
#[derive(Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    directory: Arc<OwnedFd>,
}

/// Why a path cannot be used. The text is for the model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PathError {
    #[error("{0} is outside the repository; give a path relative to it.")]
    Outside(String),
    #[error("{0} is part of .git, which is not for tools; use `run` with git to look at history.")]
    Git(String),
    #[error("{0} does not exist.")]
    Missing(String),
    #[error("{0} is a directory; use `list`.")]
    Directory(String),
    #[error("{0} is not a directory; use `read`.")]
    NotDirectory(String),
    #[error("There can be no {0}: a part of the path is a file, not a directory.")]
    Parent(String),
    #[error("{0} is a symbolic link; use the path that it leads to.")]
    Link(String),
    #[error("{0} is not a regular file.")]
    Special(String),
    #[error("{0} is {1} bytes; the limit is {2}. Look at parts of it with `search` or `run`.")]
    Large(String, u64, u64),
    #[error("{0} cannot be used: {1}.")]
    Io(String, io::Error),
}

impl Workspace {
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let directory = Arc::new(File::open(&root)?.into());
        Ok(Self { root, directory })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The path relative to the repository, as it is shown; empty for the repository itself.
    pub(crate) fn relative(&self, path: &str) -> Result<PathBuf, PathError> {
        let given = Path::new(path);
        // Models like absolute paths; those into the repository are understood.
        let given = match given.strip_prefix(&self.root) {
            Ok(inside) => inside,
            Err(_) if given.is_absolute() => return Err(PathError::Outside(path.to_owned())),
            Err(_) => given,
        };
        let mut relative = PathBuf::new();
        for component in given.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) if name.eq_ignore_ascii_case(".git") => {
                    return Err(PathError::Git(path.to_owned()));
                }
                Component::Normal(name) => relative.push(name),
                Component::ParentDir if relative.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(PathError::Outside(path.to_owned()));
                }
            }
        }
        Ok(relative)
    }

    /// Opens a regular file to read.
    pub(crate) fn open_file(&self, path: &Path) -> Result<(File, Metadata), PathError> {
        let shown = path.display().to_string();
        // Not blocking: a pipe without a writer would hold us.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK;
        let file = File::from(
            self.open_at(path, flags)
                .map_err(|errno| error(&shown, errno))?,
        );
        let metadata = file
            .metadata()
            .map_err(|e| PathError::Io(shown.clone(), e))?;
        if metadata.is_dir() {
            return Err(PathError::Directory(shown));
        }
        if !metadata.is_file() {
            return Err(PathError::Special(shown));
        }
        Ok((file, metadata))
    }

    /// A regular file's bytes and permission bits.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> Result<(Vec<u8>, u32), PathError> {
        let shown = path.display().to_string();
        let (file, metadata) = self.open_file(path)?;
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| PathError::Io(shown.clone(), error))?;
        if bytes.len() as u64 > limit {
            return Err(PathError::Large(shown, metadata.len(), limit));
        }
        Ok((bytes, metadata.permissions().mode() & 0o7777))
    }

    /// A directory's absolute path, to be walked without following links.
    pub(crate) fn directory(&self, path: &Path) -> Result<PathBuf, PathError> {
        let shown = path.display().to_string();
        if path.as_os_str().is_empty() {
            return Ok(self.root.clone());
        }
        match self.open_at(path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Ok(_) => Ok(self.root.join(path)),
            Err(Errno::ENOTDIR) if self.open_at(path, OFlag::O_PATH).is_ok() => {
                Err(PathError::NotDirectory(shown))
            }
            Err(errno) => Err(error(&shown, errno)),
        }
    }

    /// Whether there is anything of that name, a link that leads nowhere included.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// Replaces or creates a regular file, at once or not at all.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), PathError> {
        let shown = path.display().to_string();
        let Some(name) = path.file_name() else {
            return Err(PathError::Directory(shown));
        };
        let failed = |errno: Errno| error(&shown, errno);
        let parent = self.make_directories(path.parent().unwrap_or(Path::new("")))?;
        match fstatat(&parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(failed(errno)),
            Ok(stat) => match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
                SFlag::S_IFREG => {}
                SFlag::S_IFDIR => return Err(PathError::Directory(shown)),
                SFlag::S_IFLNK => return Err(PathError::Link(shown)),
                _ => return Err(PathError::Special(shown)),
            },
        }
        let temporary = format!(".aideator-{}.tmp", std::process::id());
        // Left over from a crash, if it is there.
        let _ = unlinkat(&parent, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW;
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .mode(Mode::from_bits_truncate(0o600));
        let mut file = File::from(openat2(&parent, temporary.as_str(), how).map_err(failed)?);
        let written = file
            .write_all(bytes)
            .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
            .and_then(|()| Ok(renameat(&parent, temporary.as_str(), &parent, name)?));
        written.map_err(|error| {
            let _ = unlinkat(&parent, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
            PathError::Io(shown, error)
        })
    }

    /// Opens a directory; makes what of it is missing.
    fn make_directories(&self, path: &Path) -> Result<OwnedFd, PathError> {
        let shown = path.display().to_string();
        let open = |path: &Path| self.open_at(path, OFlag::O_PATH | OFlag::O_DIRECTORY);
        let mut at = PathBuf::new();
        let mut directory = open(&at).map_err(|errno| error(&shown, errno))?;
        for name in path {
            at.push(name);
            directory = match open(&at) {
                Err(Errno::ENOENT) => mkdirat(&directory, name, Mode::from_bits_truncate(0o755))
                    .and_then(|()| open(&at)),
                other => other,
            }
            .map_err(|errno| error(&shown, errno))?;
        }
        Ok(directory)
    }

    fn open_at(&self, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        openat2(&*self.directory, path, how)
    }
}

fn error(path: &str, errno: Errno) -> PathError {
    let path = path.to_owned();
    match errno {
        Errno::ENOENT => PathError::Missing(path),
        Errno::EXDEV => PathError::Outside(path),
        Errno::ELOOP => PathError::Link(path),
        Errno::ENOTDIR => PathError::Parent(path),
        Errno::EISDIR => PathError::Directory(path),
        other => PathError::Io(path, other.into()),
    }
}
