//! How much an import takes.

/// How much an import takes, of everything. Over a limit for the whole export the import ends with
/// [`crate::ImportError::Limit`]; over any other, the message or file is skipped and counted with the limit's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Files in the export, photos and all.
    pub files: usize,
    /// Bytes that may be read of a zip file before its list of files is known.
    pub listing_bytes: u64,
    /// Folders within folders.
    pub folder_depth: usize,
    /// Bytes of all the files that are read, unpacked.
    pub total_bytes: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// How many times larger than packed a file of over 1 MiB may be.
    pub ratio: u64,
    /// Bytes of JSON of one message, or one line of a line-based format: all that is ever held of a large file.
    pub value_bytes: usize,
    /// Files up to this size are read into memory once instead of being read twice.
    pub whole_bytes: u64,
    /// People in one conversation.
    pub participants: usize,
    /// Bytes of a name.
    pub name_bytes: usize,
    /// Bytes of a message's text.
    pub text_bytes: usize,
    /// Files that came with one message.
    pub attachments: usize,
    /// Skipped messages, and unreadable files, that the summary lists; all are counted.
    pub listed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 2_000_000,
            listing_bytes: 256 << 20,
            folder_depth: 16,
            total_bytes: 32 << 30,
            file_bytes: 4 << 30,
            ratio: 200,
            value_bytes: 4 << 20,
            whole_bytes: 16 << 20,
            participants: 5_000,
            name_bytes: 1_000,
            text_bytes: 256 << 10,
            attachments: 1_000,
            listed: 1_000,
        }
    }
}
