// One file out of an archive that is no layer: an image in one file, as an auditor gets it. Unlike
// archive_reader.cc it seeks past what is not wanted, and owners and modes do not matter.
#include "sandbox/chamber/archive_member.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/archive_reader.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cerrno>
#include <memory>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

/// An image has a handful of files for each layer.
constexpr int kMaxEntries = 10'000;

[[noreturn]] void damaged(const std::string& why)
{
    throw Error(ErrorKind::kInput, why);
}

/// The archive's bytes, for libarchive.
struct Source {
    int file;
    la_int64_t size;
    std::array<char, 65536> buffer = {};

    static la_ssize_t read(archive* reader, void* self, const void** bytes)
    {
        Source& source = *static_cast<Source*>(self);
        ssize_t got = 0;
        do
            got = ::read(source.file, source.buffer.data(), source.buffer.size());
        while (got < 0 && errno == EINTR);
        if (got < 0) archive_set_error(reader, errno, "%s", error_text(errno).c_str());
        *bytes = source.buffer.data();
        return got;
    }

    /// Never past the end: the part that is missing of a file cut short would count as skipped.
    static la_int64_t skip(archive* /*reader*/, void* self, la_int64_t wanted)
    {
        const Source& source = *static_cast<Source*>(self);
        const la_int64_t at = ::lseek(source.file, 0, SEEK_CUR);
        if (at < 0) return 0; // it reads instead
        const la_int64_t step = std::clamp<la_int64_t>(wanted, 0, source.size - at);
        return ::lseek(source.file, step, SEEK_CUR) < 0 ? 0 : step;
    }
};

/// Without "." and empty parts, which every reader passes over; with "..", readers differ.
std::string normalised_name(archive_entry* entry)
{
    const char* path = archive_entry_pathname(entry);
    std::string_view rest = path == nullptr ? "" : path;
    if (rest.empty()) damaged("an entry of it has no name");
    std::string name;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        if (part == "..") damaged("an entry of it has a \"..\" in its name");
        if (part.empty() || part == ".") continue;
        if (!name.empty()) name += '/';
        name += part;
    }
    return name;
}

/// An image in one file is files and directories; through a link, a name would be another's.
bool is_file(archive_entry* entry, const std::string& name)
{
    if (archive_entry_hardlink(entry) == nullptr) {
        if (archive_entry_filetype(entry) == AE_IFREG) return true;
        if (archive_entry_filetype(entry) == AE_IFDIR) return false;
    }
    damaged(sys::quoted(name) + " in it is no regular file");
}

/// By blocks: libarchive's plain read makes up the holes of a sparse file, as long as it says.
std::uint64_t write_content(archive* reader, archive_entry* entry, int output)
{
    la_int64_t written = 0;
    for (;;) {
        const void* bytes = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int status = archive_read_data_block(reader, &bytes, &size, &offset);
        if (status == ARCHIVE_EOF) break;
        if (status != ARCHIVE_OK) damaged("it is cut short");
        write_all(output, {static_cast<const char*>(bytes), size});
        written += static_cast<la_int64_t>(size);
    }
    if (written != archive_entry_size(entry)) damaged("a file in it has holes");
    return static_cast<std::uint64_t>(written);
}

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

Reader open_tar(Source& source)
{
    Reader reader(archive_read_new(), archive_read_free);
    // tar and nothing else: each format and filter is a parser that the file may attack
    if (!reader || archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
        archive_read_open2(reader.get(), &source, nullptr, Source::read, Source::skip, nullptr) !=
            ARCHIVE_OK)
        damaged("it is no tar archive");
    return reader;
}

} // namespace

std::uint64_t write_archive_member(int archive, const std::string& name, int output)
{
    Source source = {.file = archive, .size = ::lseek(archive, 0, SEEK_END)};
    if (source.size < 0 || ::lseek(archive, 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    const Reader reader = open_tar(source);
    std::optional<std::uint64_t> written;
    archive_entry* entry = nullptr;
    for (int entries = 0;; ++entries) {
        const int status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) break;
        if (!is_read_whole(reader.get(), status)) damaged("it is no tar archive, or cut short");
        if (entries == kMaxEntries) damaged("it has too many entries for an image");
        const std::string found = normalised_name(entry);
        if (!is_file(entry, found) || found != name) continue;
        if (written) damaged("it has " + sys::quoted(name) + " twice");
        written = write_content(reader.get(), entry, output);
    }
    if (!written) damaged("it has no " + sys::quoted(name));
    return *written;
}

} // namespace caisson::sandbox
