//! How a value of the domain becomes the bytes that a key-value store keeps.
//!
//! ```text
//! byte 0    the format, 1
//! byte 1    0: JSON follows    1: length (u32) and zstd of JSON    2: the parts lie under other keys
//!           3: number of the dictionary (u8), length (u32) and zstd of JSON with it
//! ```
//!
//! Form 1 was written before there was a dictionary, and is still read; such a value takes the new form when it is written
//! again. JSON, because fields may be added without a word and an operator can read it in an emergency. A value above
//! [`PART_BYTES_MAX`] is cut into parts, so that the store's own limit on the size of a value never matters.

use std::io;
use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// The version of the stored values. A value with another one is not read; the store is rebuilt.
pub(super) const FORMAT: u8 = 1;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const SPLIT: u8 = 2;
const DICTIONARY: u8 = 3;

/// What lives, alerts and letters have in common: names of fields and tables, meanings, sentences of deadlines. It was
/// trained on values of the synthetic broker, see `docs/decisions/0007-a-dictionary-for-values.md`; values that have less
/// of it are only longer. What was written with it can be read only with the very same bytes, so that a better one gets
/// the next number, and this one stays.
static DICTIONARY_1: &[u8] = include_bytes!("values-1.dict");
const DICTIONARY_NUMBER: u8 = 1;

static ENCODER_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static DECODER_1: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

/// JSON shorter than this is kept as it is: it would not pay.
const COMPRESS_BYTES_MIN: usize = 100;
/// Level 1: level 3 saves 5% and costs more.
const LEVEL: i32 = 1;
/// The longest single value, and the longest part of a split one.
///
/// sled writes a leaf of up to 17 values as one piece, and a piece above 128 KiB as a file of its own, of which it is
/// known to leave some behind. With this limit there never is one.
pub(super) const PART_BYTES_MAX: usize = 7 << 10;
/// No value is longer before compression: 20,000 notices are about 20 MiB.
const JSON_BYTES_MAX: usize = 1 << 30;

/// Why bytes are not a value.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodecError {
    #[error("it has format {0}, this release reads {FORMAT}")]
    Format(u8),
    #[error("it was compressed with dictionary {0}, this release has {DICTIONARY_NUMBER}")]
    Dictionary(u8),
    #[error("it is cut off")]
    Short,
    #[error("its compressed form is damaged")]
    Compression(#[source] io::Error),
    #[error("it is not what belongs there: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its parts do not fit together")]
    Parts,
}

type Result<T> = std::result::Result<T, CodecError>;

/// A value ready to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Packed {
    /// What goes under the value's own key.
    pub(super) value: Vec<u8>,
    /// What goes under numbered keys beside it; mostly nothing.
    pub(super) parts: Vec<Vec<u8>>,
}

/// What a split value says of its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Split {
    pub(super) count: u32,
    /// The first 16 bytes of the SHA-256 of all parts: a reader that sees parts of two commits finds out.
    hash: [u8; 16],
}

impl Split {
    /// The note in a value that was split; `None` for any other.
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        let [FORMAT, SPLIT, rest @ ..] = value else { return None };
        let (count, hash) = rest.split_first_chunk::<4>()?;
        Some(Self { count: u32::from_le_bytes(*count), hash: hash.try_into().ok()? })
    }

    fn hash(parts: &[u8]) -> [u8; 16] {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(parts)[..16]);
        hash
    }
}

/// Packs a small value without compression.
pub(super) fn plain<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut packed = vec![FORMAT, PLAIN];
    serde_json::to_writer(&mut packed, value)?;
    Ok(packed)
}

/// Packs values. Keeps its buffers and tables between them.
pub(super) struct Packer {
    json: Vec<u8>,
    compressed: Vec<u8>,
    zstd: Compressor<'static>,
}

impl Packer {
    pub(super) fn new() -> io::Result<Self> {
        let zstd = Compressor::with_prepared_dictionary(&ENCODER_1)?;
        Ok(Self { json: Vec::new(), compressed: Vec::new(), zstd })
    }

    pub(super) fn pack<T: Serialize>(&mut self, value: &T) -> Result<Packed> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, value)?;
        if self.json.len() > JSON_BYTES_MAX {
            return Err(CodecError::Parts);
        }
        let mut packed;
        if self.json.len() < COMPRESS_BYTES_MIN {
            packed = Vec::with_capacity(2 + self.json.len());
            packed.extend_from_slice(&[FORMAT, PLAIN]);
            packed.extend_from_slice(&self.json);
        } else {
            self.compressed.clear();
            self.compressed.reserve(zstd::zstd_safe::compress_bound(self.json.len()));
            self.zstd
                .compress_to_buffer(&self.json, &mut self.compressed)
                .map_err(CodecError::Compression)?;
            packed = Vec::with_capacity(7 + self.compressed.len());
            packed.extend_from_slice(&[FORMAT, DICTIONARY, DICTIONARY_NUMBER]);
            // Bounded by JSON_BYTES_MAX.
            packed.extend_from_slice(&(self.json.len() as u32).to_le_bytes());
            packed.extend_from_slice(&self.compressed);
        }
        shrink(&mut self.json);
        shrink(&mut self.compressed);
        if packed.len() <= PART_BYTES_MAX {
            return Ok(Packed { value: packed, parts: Vec::new() });
        }
        let parts: Vec<Vec<u8>> = packed.chunks(PART_BYTES_MAX).map(<[u8]>::to_vec).collect();
        let mut value = vec![FORMAT, SPLIT];
        value.extend_from_slice(&(parts.len() as u32).to_le_bytes());
        value.extend_from_slice(&Split::hash(&packed));
        Ok(Packed { value, parts })
    }
}

/// Unpacks values. Keeps its buffers between them.
pub(super) struct Unpacker {
    json: Vec<u8>,
    /// With the dictionary.
    zstd: Decompressor<'static>,
    /// For values from before there was one.
    bare: Option<Decompressor<'static>>,
}

impl Unpacker {
    pub(super) fn new() -> io::Result<Self> {
        let zstd = Decompressor::with_prepared_dictionary(&DECODER_1)?;
        Ok(Self { json: Vec::new(), zstd, bare: None })
    }

    /// Reads a value that is in one piece.
    pub(super) fn unpack<T: DeserializeOwned>(&mut self, value: &[u8]) -> Result<T> {
        match value {
            [FORMAT, PLAIN, json @ ..] => Ok(serde_json::from_slice(json)?),
            [FORMAT, DICTIONARY, DICTIONARY_NUMBER, rest @ ..] => {
                decompress(&mut self.zstd, &mut self.json, rest)
            }
            [FORMAT, DICTIONARY, other, ..] => Err(CodecError::Dictionary(*other)),
            [FORMAT, ZSTD, rest @ ..] => {
                let zstd = match &mut self.bare {
                    Some(zstd) => zstd,
                    bare => bare.insert(Decompressor::new().map_err(CodecError::Compression)?),
                };
                decompress(zstd, &mut self.json, rest)
            }
            [FORMAT, SPLIT, ..] => Err(CodecError::Parts),
            [FORMAT, ..] | [] => Err(CodecError::Short),
            [other, ..] => Err(CodecError::Format(*other)),
        }
    }

    /// Reads a value from its parts, put together in order. `None` when they are not the parts that `split` means.
    pub(super) fn unpack_parts<T: DeserializeOwned>(
        &mut self,
        split: Split,
        parts: &[u8],
    ) -> Result<Option<T>> {
        if Split::hash(parts) != split.hash {
            return Ok(None);
        }
        self.unpack(parts).map(Some)
    }
}

/// Reads what lies behind the head of a compressed value: the length of the JSON, and its compressed form.
fn decompress<T: DeserializeOwned>(
    zstd: &mut Decompressor<'_>,
    json: &mut Vec<u8>,
    rest: &[u8],
) -> Result<T> {
    let (len, compressed) = rest.split_first_chunk::<4>().ok_or(CodecError::Short)?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > JSON_BYTES_MAX {
        return Err(CodecError::Short);
    }
    json.clear();
    json.reserve(len);
    let read = zstd
        .decompress_to_buffer(compressed, json)
        .map_err(CodecError::Compression)
        .and_then(|written| if written == len { Ok(()) } else { Err(CodecError::Short) })
        .and_then(|()| Ok(serde_json::from_slice(json)?));
    shrink(json);
    read
}

/// One huge value must not hold its memory for ever.
fn shrink(buffer: &mut Vec<u8>) {
    const KEEP_BYTES: usize = 1 << 20;
    if buffer.capacity() > KEEP_BYTES {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> Packed {
        Packer::new().and_then(|mut packer| packer.pack(&text).map_err(io::Error::other)).expect("it packs")
    }

    fn noise(len: usize) -> String {
        let mut seed = 1u64;
        let mut next = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            char::from(b'0' + (seed >> 33) as u8 % 75)
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn values_come_back_in_every_form() {
        let mut unpacker = Unpacker::new().expect("a decompressor");
        for (text, form) in
            [("short".to_owned(), PLAIN), ("x".repeat(5_000), DICTIONARY), (noise(500_000), SPLIT)]
        {
            let packed = packed(&text);
            assert_eq!(packed.value[..2], [FORMAT, form]);
            assert!(packed.parts.iter().chain([&packed.value]).all(|part| part.len() <= PART_BYTES_MAX));
            let back: String = match Split::of(&packed.value) {
                None => unpacker.unpack(&packed.value).expect("it unpacks"),
                Some(split) => {
                    assert_eq!(split.count as usize, packed.parts.len());
                    let parts = packed.parts.concat();
                    assert_eq!(unpacker.unpack_parts::<String>(split, &parts[1..]).expect("no fault"), None);
                    unpacker.unpack_parts(split, &parts).expect("it unpacks").expect("the right parts")
                }
            };
            assert!(back == text);
        }
    }

    /// As the releases before the dictionary wrote them: from 640 bytes on, at level 1.
    #[test]
    fn values_from_before_the_dictionary_are_read() {
        let mut unpacker = Unpacker::new().expect("a decompressor");
        for text in ["y".repeat(9_000), noise(700), noise(500_000)] {
            let json = serde_json::to_vec(&text).expect("JSON");
            let mut old = vec![FORMAT, ZSTD];
            old.extend_from_slice(&(json.len() as u32).to_le_bytes());
            old.extend_from_slice(&zstd::bulk::compress(&json, 1).expect("it compresses"));
            assert!(unpacker.unpack::<String>(&old).expect("it reads") == text);
            let split = Split { count: 1, hash: Split::hash(&old) };
            assert!(unpacker.unpack_parts::<String>(split, &old).expect("it reads").as_ref() == Some(&text));
        }
    }

    /// Values were written with these very bytes.
    #[test]
    fn the_dictionary_never_changes() {
        let hash = crate::ident::Fingerprint::of(DICTIONARY_1).to_string();
        assert_eq!(hash, "14d77babcd61f09ca6773d3e9d44f9fbc857559026f445be0838af1cc3016ce4");
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let mut unpacker = Unpacker::new().expect("a decompressor");
        let good = packed(&"abc".repeat(1_000)).value;
        for cut in 0..good.len() {
            assert!(unpacker.unpack::<String>(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(matches!(unpacker.unpack::<String>(&[9, 0]), Err(CodecError::Format(9))));
        assert!(unpacker.unpack::<u64>(&packed("text").value).is_err());
        for head in [&[FORMAT, ZSTD][..], &[FORMAT, DICTIONARY, DICTIONARY_NUMBER]] {
            assert!(unpacker.unpack::<String>(&[head, &[255, 255, 255, 255, 1, 2]].concat()).is_err());
        }
        let mut other = good;
        other[2] += 1;
        assert!(matches!(unpacker.unpack::<String>(&other), Err(CodecError::Dictionary(2))));
        assert_eq!(Split::of(&[FORMAT, SPLIT, 1, 0]), None);
    }
}
