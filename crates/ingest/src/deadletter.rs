//! Keeps answers that made no sense, for inspection: redacted, capped, never stored as data.

use std::path::{Path, PathBuf};

use model::Ts;
use source::{Reply, RequestSpec};

use crate::redact::Redactor;

const MAX_BODY_BYTES: usize = 256 * 1024;
const MAX_FILES: usize = 200;

/// A folder of answers that made no sense.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetters {
    folder: PathBuf,
}

impl DeadLetters {
    /// Names the folder; it is made when the first answer comes.
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Keeps an answer and returns where. The oldest go when there are too many.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn keep(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        why: &str,
        redactor: &Redactor,
    ) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)?;
        self.make_room()?;
        let path = self.folder.join(file_name(request, reply.received_at));
        // Cut after cleaning: a key that lies across the cut would not be found.
        let body = redactor.clean(&String::from_utf8_lossy(&reply.body));
        let body = shortened(&body, MAX_BODY_BYTES);
        let head = format!(
            "request: {}\nstatus: {}\nreceived: {}\nwhy: {}\nbytes: {}\n\n",
            redactor.clean(&request.path_and_query()),
            reply.status.as_u16(),
            reply.received_at,
            redactor.clean(why),
            reply.body.len(),
        );
        std::fs::write(&path, head + body)?;
        Ok(path)
    }

    fn make_room(&self) -> std::io::Result<()> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(&self.folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .collect();
        // Names begin with the time, so the order of names is the order of age.
        files.sort();
        let surplus = (files.len() + 1).saturating_sub(MAX_FILES);
        files
            .iter()
            .take(surplus)
            .try_for_each(|path: &PathBuf| remove(path))
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        // Another process made room at the same moment.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Returns the beginning of a text, at most so many bytes of it.
fn shortened(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn file_name(request: &RequestSpec, at: Ts) -> String {
    let mark = request.claim_key().unsigned_abs();
    format!(
        "{:015}-{}-{}-{mark:x}.txt",
        at.millis(),
        request.source,
        request.dataset
    )
}
