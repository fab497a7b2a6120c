#include "sandbox/chamber/archive_reader.hh"

#include "sandbox/base/error.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/tree_limits.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kBlock = 256U << 10;

[[noreturn]] void refuse(const std::string& why)
{
    throw Error(ErrorKind::kInput, why);
}

[[noreturn]] void refuse(archive* reader)
{
    const char* text = archive_error_string(reader);
    refuse("read the archive: " + std::string(text == nullptr ? "damaged" : text));
}

/// libarchive speaks ARCHIVE_OK, or a warning, or worse; set-up must be OK.
void require(archive* reader, int status)
{
    if (status != ARCHIVE_OK) refuse(reader);
}

/// Named one by one: archive_read_support_filter_all() would also start programs.
void enable(archive* reader, Compression compression)
{
    require(reader, archive_read_support_format_tar(reader));
    if (compression == Compression::kNone) return;
    require(reader, archive_read_support_filter_gzip(reader));
    require(reader, archive_read_support_filter_zstd(reader));
    if (compression == Compression::kLayer) return;
    require(reader, archive_read_support_filter_bzip2(reader));
    require(reader, archive_read_support_filter_xz(reader));
}

std::string text_of(const char* text)
{
    return text == nullptr ? std::string() : std::string(text);
}

ArchiveEntry::Kind kind_of(archive_entry* entry, const std::string& path)
{
    if (archive_entry_hardlink(entry) != nullptr) return ArchiveEntry::Kind::kHardLink;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return ArchiveEntry::Kind::kFile;
    case AE_IFDIR:
        return ArchiveEntry::Kind::kDirectory;
    case AE_IFLNK:
        return ArchiveEntry::Kind::kSymbolicLink;
    case AE_IFIFO:
        return ArchiveEntry::Kind::kFifo;
    case AE_IFCHR:
    case AE_IFBLK:
        // also char 0:0, overlayfs's whiteout: a layer says `.wh.` instead
        refuse(sys::quoted(path) + " is a device node");
    default:
        refuse(sys::quoted(path) + " is of an unknown kind");
    }
}

uid_t owner(std::int64_t id, const std::string& path)
{
    if (id < 0 || id > static_cast<std::int64_t>(kMaxOwner))
        refuse(sys::quoted(path) + " belongs to id " + std::to_string(id) +
               ", and a build has the ids 0 to 65535");
    return static_cast<uid_t>(id);
}

/// What an attribute can do decides: user.overlay.* and trusted.* steer overlayfs itself
/// (CVE-2021-3493, CVE-2023-0386), security.* the kernel's modules; file capabilities are a plain
/// part of an image.
bool is_allowed_attribute(std::string_view name)
{
    if (name == "security.capability") return true;
    return name.starts_with("user.") && !name.starts_with("user.overlay.");
}

std::vector<std::pair<std::string, std::string>> attributes_of(archive_entry* entry,
                                                               const std::string& path)
{
    std::vector<std::pair<std::string, std::string>> attributes;
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
        if (name == nullptr || !is_allowed_attribute(name))
            refuse(sys::quoted(path) + " has the attribute " + sys::quoted(text_of(name)) +
                   ", which no image may set");
        if (attributes.size() == kMaxAttributes || size > 65536)
            refuse(sys::quoted(path) + " has too many or too large attributes");
        attributes.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
    return attributes;
}

std::string checked_link(const std::string& target, const std::string& path)
{
    if (target.empty() || target.size() > kMaxPath)
        refuse("link " + sys::quoted(path) + " has a target of " + std::to_string(target.size()) +
               " bytes");
    return target;
}

ArchiveEntry checked(archive_entry* raw)
{
    const char* name = archive_entry_pathname(raw);
    if (name == nullptr || *name == '\0') refuse("an entry of the archive has no name");
    ArchiveEntry entry;
    entry.path = normalised(name);
    entry.kind = kind_of(raw, entry.path);
    if (entry.kind == ArchiveEntry::Kind::kHardLink)
        entry.link = normalised(archive_entry_hardlink(raw));
    if (entry.kind == ArchiveEntry::Kind::kSymbolicLink)
        entry.link = checked_link(text_of(archive_entry_symlink(raw)), entry.path);
    if (entry.path.empty() && entry.kind != ArchiveEntry::Kind::kDirectory)
        refuse("the root of the archive is not a directory"); // CVE-2021-29136
    entry.mode = archive_entry_perm(raw) & 07777;
    entry.user = owner(archive_entry_uid(raw), entry.path);
    entry.group = owner(archive_entry_gid(raw), entry.path);
    entry.modified = {archive_entry_mtime(raw), archive_entry_mtime_nsec(raw)};
    entry.attributes = attributes_of(raw, entry.path);
    if (entry.kind == ArchiveEntry::Kind::kFile) {
        if (archive_entry_size(raw) < 0) refuse(sys::quoted(entry.path) + " has a negative size");
        entry.size = static_cast<std::uint64_t>(archive_entry_size(raw));
    }
    return entry;
}

} // namespace

bool is_read_whole(archive* reader, int status)
{
    if (status != ARCHIVE_WARN) return status == ARCHIVE_OK;
    // Names are bytes. In the C locale, which our programs never leave, libarchive gives a pax name
    // that is no ASCII as it is, but warns that it could not turn it into text. Any other warning
    // is a name or number that had to be guessed.
    const char* text = archive_error_string(reader);
    return text != nullptr && std::string_view(text).ends_with("to current locale.");
}

struct ArchiveReader::State {
    int input;
    std::unique_ptr<archive, int (*)(archive*)> reader{archive_read_new(), archive_read_free};
    archive_entry* pending = nullptr; ///< read by the constructor, given by the first next()
    int status = ARCHIVE_OK;
    bool first = true;
    std::uint64_t taken = 0;  ///< bytes of the input
    std::uint64_t offset = 0; ///< end of the last piece
    std::vector<char> buffer = std::vector<char>(kBlock);

    /// archive_read_callback. Counted here: libarchive's own count leaves out what it only peeked
    /// at.
    static la_ssize_t fill(archive* reader, void* self, const void** bytes)
    {
        State& state = *static_cast<State*>(self);
        ssize_t size = 0;
        do
            size = ::read(state.input, state.buffer.data(), state.buffer.size());
        while (size < 0 && errno == EINTR);
        if (size < 0) archive_set_error(reader, errno, "%s", error_text(errno).c_str());
        if (size > 0) state.taken += static_cast<std::uint64_t>(size);
        *bytes = state.buffer.data();
        return size;
    }
};

ArchiveReader::ArchiveReader(int input, Compression compression, std::uint64_t most_bytes)
    : state_(std::make_unique<State>(State{.input = input}))
    , most_bytes_(most_bytes)
{
    archive* reader = state_->reader.get();
    if (reader == nullptr) throw SysError(ENOMEM, "archive_read_new");
    enable(reader, compression);
    state_->status = archive_read_open(reader, state_.get(), nullptr, State::fill, nullptr);
    if (state_->status == ARCHIVE_OK)
        state_->status = archive_read_next_header(reader, &state_->pending);
}

ArchiveReader::~ArchiveReader() = default;

bool ArchiveReader::is_archive() const noexcept
{
    return state_->status == ARCHIVE_OK || state_->status == ARCHIVE_WARN;
}

bool ArchiveReader::is_empty() const noexcept
{
    return state_->taken == 0;
}

std::optional<ArchiveEntry> ArchiveReader::next()
{
    archive* reader = state_->reader.get();
    archive_entry* raw = state_->pending;
    if (state_->first)
        state_->first = false;
    else
        state_->status = archive_read_next_header(reader, &raw);
    check_ratio();
    if (state_->status == ARCHIVE_EOF) return std::nullopt;
    if (!is_read_whole(reader, state_->status)) refuse(reader);
    // one compression and the end of the pipe; more are a bomb in a bomb
    if (archive_filter_count(reader) > 2) refuse("the archive is compressed more than once");
    if (++entries_ > kMaxEntries) refuse("the archive has more than 2000000 entries");
    ArchiveEntry entry = checked(raw);
    if (entry.size > kMaxBytes - bytes_)
        refuse("the archive holds more than 200 GiB; " + sys::quoted(entry.path) + " has " +
               std::to_string(entry.size) + " bytes");
    bytes_ += entry.size;
    if (bytes_ > most_bytes_)
        throw Error(ErrorKind::kStep,
                    "the build takes more disk than the policy allows "
                    "(limits.build_disk_bytes)");
    state_->offset = 0;
    return entry;
}

std::optional<ArchiveReader::Piece> ArchiveReader::read()
{
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(state_->reader.get(), &data, &size, &offset);
    if (status == ARCHIVE_EOF) return std::nullopt;
    if (status != ARCHIVE_OK) refuse(state_->reader.get());
    check_ratio();
    const auto start = static_cast<std::uint64_t>(offset);
    if (offset < 0 || start < state_->offset || start > kMaxBytes || size > kMaxBytes)
        refuse("a sparse file in the archive has its pieces out of order");
    state_->offset = start + size;
    return Piece{{static_cast<const char*>(data), size}, start};
}

void ArchiveReader::check_ratio() const
{
    const la_int64_t bytes = archive_filter_bytes(state_->reader.get(), 0);
    const auto unpacked = static_cast<std::uint64_t>(std::max<la_int64_t>(bytes, 0));
    if (unpacked > kMaxBytes + kMaxEntries * 1024) refuse("the archive is too large");
    if (unpacked > kRatioFrom && unpacked / kMaxRatio > state_->taken)
        refuse("the archive unpacks to more than 1000 times its size");
}

void ArchiveReader::drain()
{
    std::array<char, 65536> buffer = {};
    for (;;) {
        const ssize_t size = ::read(state_->input, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) throw SysError(errno, "read the archive");
        if (size == 0) return;
    }
}

} // namespace caisson::sandbox
