#include "runner/cli/archive_member.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <fcntl.h>
#include <memory>

namespace caisson::runner {
namespace {

/// An image has a handful of files for each layer.
constexpr int kMaxEntries = 10'000;

struct FreeArchive {
    void operator()(archive* reader) const noexcept { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

[[noreturn]] void damaged(const std::string& why)
{
    throw Error(ErrorKind::kInput, why);
}

std::string_view name_of(archive_entry* entry)
{
    const char* path = ::archive_entry_pathname(entry);
    std::string_view name = path == nullptr ? "" : path;
    if (name.starts_with("./")) name.remove_prefix(2);
    return name;
}

void stream(archive* reader, const Sink& sink)
{
    std::array<char, 65536> buffer = {};
    for (;;) {
        const la_ssize_t got = ::archive_read_data(reader, buffer.data(), buffer.size());
        if (got < 0) damaged(::archive_error_string(reader));
        if (got == 0) return;
        sink({buffer.data(), static_cast<std::size_t>(got)});
    }
}

} // namespace

void read_archive_member(const std::filesystem::path& archive,
                         const std::string& name,
                         const Sink& sink)
{
    return in_context("read \"" + archive.native() + "\"", [&] {
        const UniqueFd file = open_file(archive, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        const Reader reader(::archive_read_new());
        // tar and nothing else: each format and filter is a parser that the file may attack
        if (!reader || ::archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
            ::archive_read_open_fd(reader.get(), file.get(), 65536) != ARCHIVE_OK)
            damaged("it cannot be opened as a tar archive");
        bool found = false;
        archive_entry* entry = nullptr;
        for (int entries = 0;; ++entries) {
            const int status = ::archive_read_next_header(reader.get(), &entry);
            if (status == ARCHIVE_EOF) break;
            if (status < ARCHIVE_WARN) damaged("it is no tar archive, or cut short");
            if (entries == kMaxEntries) damaged("it has too many entries for an image");
            if (name_of(entry) != name) continue;
            if (found) damaged("it has \"" + name + "\" twice");
            if (::archive_entry_filetype(entry) != AE_IFREG ||
                ::archive_entry_hardlink(entry) != nullptr)
                damaged("\"" + name + "\" in it is no regular file");
            found = true;
            stream(reader.get(), sink);
        }
        if (!found) damaged("it has no \"" + name + "\"");
    });
}

} // namespace caisson::runner
