// A build context, seen once: walked, hashed, listed. After that the listing is what is believed,
// and what is read again has to agree with it.
#include "runner/job/context.hh"

#include "runner/job/beneath.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <utility>

namespace caisson::runner {
namespace {

constexpr std::uint32_t kPermissionBits = 07777;
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kReadSize = std::size_t{256} << 10U;

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

[[noreturn]] void fail_changed(std::string_view path)
{
    throw Error(ErrorKind::kInput, show_path(path) + " changed while the build read it");
}

std::array<unsigned char, 32> to_bytes(const attest::Digest& digest)
{
    std::array<unsigned char, 32> bytes{};
    const std::string& hex = digest.hex();
    for (std::size_t index = 0; index < bytes.size(); ++index)
        std::from_chars(hex.data() + 2 * index, hex.data() + 2 * index + 2, bytes[index], 16);
    return bytes;
}

std::string to_hex(const std::array<unsigned char, 32>& bytes)
{
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const unsigned char byte : bytes)
        hex += {kHex[byte >> 4U], kHex[byte & 0xFU]};
    return hex;
}

/// Reads an open regular file to its end and hands each piece to `take`; `path` is for errors.
template<class Take>
void read_pieces(int fd, std::string_view path, std::string& buffer, Take take)
{
    buffer.resize(kReadSize);
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SysError(errno, "read " + show_path(path));
        if (count == 0) return;
        take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    }
}

/// An open file of the context; a fifo put in a file's place must not hold the build up.
struct OpenFile {
    UniqueFd fd;
    struct stat status;
};

OpenFile open_regular(int directory, const char* name, std::string_view path)
{
    OpenFile file{
        open_beneath(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, path), {}};
    if (::fstat(file.fd.get(), &file.status) != 0) throw SysError(errno, "stat " + show_path(path));
    if (!S_ISREG(file.status.st_mode)) fail_changed(path);
    if (file.status.st_size > static_cast<off_t>(kReadSize))
        ::posix_fadvise(
            file.fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL); // advice: a refusal is no error
    return file;
}

const char* special_kind(mode_t mode)
{
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISFIFO(mode)) return "a fifo";
    return "a device";
}

} // namespace

attest::Digest ContextEntry::digest() const
{
    return attest::Digest::from_hex(to_hex(content));
}

/// One walk. Directories wait in a list rather than on the stack, and none is held open while
/// another is read: a tree may be as deep as it likes.
class Context::Walker {
public:
    Walker(Context& context, const IgnoreRules& ignore)
        : context_(context)
        , ignore_(ignore)
    {}

    void run()
    {
        waiting_.push_back({});
        while (!waiting_.empty()) {
            const Directory directory = std::move(waiting_.back());
            waiting_.pop_back();
            read_directory(directory);
        }
        std::sort(context_.entries_.begin(),
                  context_.entries_.end(),
                  [](const auto& a, const auto& b) { return a.path < b.path; });
    }

private:
    struct Directory {
        std::string_view path; ///< empty: the root
        bool ignored = false;
        IgnoreRules::Matches matches;
    };

    std::string_view keep(std::string_view text)
    {
        if (text.empty()) return {};
        auto* copy = static_cast<char*>(context_.names_->allocate(text.size() + 1, 1));
        std::memcpy(copy, text.data(), text.size());
        copy[text.size()] = '\0';
        return {copy, text.size()};
    }

    void read_directory(const Directory& directory)
    {
        const char* path = directory.path.empty() ? "." : directory.path.data();
        UniqueFd fd = open_beneath(context_.root_.get(), path, O_RDONLY | O_DIRECTORY, path);
        list_directory(directory, fd.get());
        std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
        if (!stream) throw SysError(errno, "read " + show_path(path));
        const int number = fd.release();
        for (;;) {
            errno = 0;
            const dirent* found =
                ::readdir(stream.get()); // NOLINT(concurrency-mt-unsafe): own stream
            if (found == nullptr && errno != 0) throw SysError(errno, "read " + show_path(path));
            if (found == nullptr) return;
            const std::string_view name = found->d_name;
            if (name != "." && name != "..") visit(directory, number, *found);
        }
    }

    /// Lists a directory, or remembers one that a rule left out: it is listed after all if a later
    /// rule lets something below it in.
    void list_directory(const Directory& directory, int fd)
    {
        if (directory.path.empty()) return;
        struct stat status {};
        if (::fstat(fd, &status) != 0) throw SysError(errno, "stat " + show_path(directory.path));
        ContextEntry entry{.path = directory.path,
                           .modified = status.st_mtime,
                           .mode = status.st_mode & kPermissionBits,
                           .kind = ContextEntry::Kind::kDirectory};
        if (directory.ignored)
            unlisted_.emplace(directory.path, entry);
        else
            list(entry);
    }

    void list(const ContextEntry& entry)
    {
        for (std::size_t slash = entry.path.find('/');
             !unlisted_.empty() && slash != std::string_view::npos;
             slash = entry.path.find('/', slash + 1)) {
            const auto parent = unlisted_.find(entry.path.substr(0, slash));
            if (parent == unlisted_.end()) continue;
            context_.entries_.push_back(parent->second);
            unlisted_.erase(parent);
        }
        context_.entries_.push_back(entry);
    }

    void visit(const Directory& directory, int fd, const dirent& found)
    {
        path_.assign(directory.path);
        if (!path_.empty()) path_ += '/';
        path_ += found.d_name;
        unsigned char type = found.d_type;
        struct stat status {};
        if (type != DT_REG &&
            type != DT_DIR) { // a link's time, or a file system that does not tell
            if (::fstatat(fd, found.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
                throw SysError(errno, "stat " + show_path(path_));
            type = static_cast<unsigned char>(IFTODT(status.st_mode));
        }
        if (type == DT_DIR) return wait_for(directory);
        if (ignore_.ignores(path_, directory.matches)) return;
        if (type == DT_REG)
            add_file(fd, found.d_name);
        else if (type == DT_LNK)
            add_link(fd, found.d_name, status.st_mtime);
        else
            context_.warnings_.push_back(show_path(path_) + " is " + special_kind(status.st_mode) +
                                         ": left out of the build context");
    }

    void wait_for(const Directory& parent)
    {
        Directory directory;
        directory.ignored = ignore_.ignores(path_, parent.matches, &directory.matches);
        if (directory.ignored && ignore_.can_skip(path_)) return;
        directory.path = keep(path_);
        waiting_.push_back(std::move(directory));
    }

    void add_file(int directory, const char* name)
    {
        const OpenFile file = open_regular(directory, name, path_);
        attest::Sha256 hash;
        std::uint64_t size = 0;
        read_pieces(file.fd.get(), path_, buffer_, [&](std::string_view piece) {
            hash.update(piece);
            size += piece.size();
        });
        if (size != static_cast<std::uint64_t>(file.status.st_size)) fail_changed(path_);
        list({.path = keep(path_),
              .content = to_bytes(std::move(hash).finish()),
              .size = size,
              .modified = file.status.st_mtime,
              .mode = file.status.st_mode & kPermissionBits});
    }

    void add_link(int directory, const char* name, std::int64_t modified)
    {
        std::array<char, 4096> target{};
        const ssize_t length = ::readlinkat(directory, name, target.data(), target.size());
        if (length < 0) throw SysError(errno, "readlink " + show_path(path_));
        list({.path = keep(path_),
              .link = keep({target.data(), static_cast<std::size_t>(length)}),
              .modified = modified,
              .mode = 0777,
              .kind = ContextEntry::Kind::kLink});
    }

    Context& context_;
    const IgnoreRules& ignore_;
    std::vector<Directory> waiting_;
    std::map<std::string_view, ContextEntry> unlisted_;
    std::string path_;   ///< of the entry that is looked at
    std::string buffer_; ///< of the file that is read
};

Context Context::walk(const std::filesystem::path& root, const IgnoreRules& ignore)
{
    return in_context("read the build context " + show_path(root.native()), [&] {
        Context context;
        context.root_ = open_file(root, O_RDONLY | O_DIRECTORY);
        context.names_ = std::make_unique<std::pmr::monotonic_buffer_resource>();
        Walker(context, ignore).run();
        return context;
    });
}

UniqueFd Context::open(const ContextEntry& entry) const
{
    return open_regular(root_.get(), entry.path.data(), entry.path).fd;
}

namespace {

std::uint32_t parse_mode(const std::string& text)
{
    std::uint32_t mode = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, mode, 8);
    if (error != std::errc{} || stop != end || mode > kPermissionBits)
        throw Error(ErrorKind::kUsage,
                    "--chmod=" + text + " is not supported yet",
                    "write the mode as a number, like 755");
    return mode;
}

} // namespace

void Context::write_tar(const Selection& selection,
                        const std::string& mode,
                        std::int64_t clamp_epoch,
                        int output) const
{
    const auto forced = mode.empty() ? std::nullopt : std::optional(parse_mode(mode));
    TarWriter tar(output);
    std::string buffer;
    visit(selection, [&](const ContextEntry& entry, std::string_view name) {
        const std::uint32_t bits = forced.value_or(entry.mode);
        const std::int64_t time = std::min(entry.modified, clamp_epoch);
        if (entry.kind == ContextEntry::Kind::kDirectory)
            return tar.add_directory(name, bits, time);
        if (entry.kind == ContextEntry::Kind::kLink) return tar.add_link(name, entry.link, time);
        const OpenFile file = open_regular(root_.get(), entry.path.data(), entry.path);
        attest::Sha256 hash;
        std::uint64_t size = 0;
        tar.begin_file(name, bits, entry.size, time);
        read_pieces(file.fd.get(), entry.path, buffer, [&](std::string_view piece) {
            size += piece.size();
            if (size > entry.size) fail_changed(entry.path);
            hash.update(piece);
            tar.write(piece);
        });
        if (size != entry.size || to_bytes(std::move(hash).finish()) != entry.content)
            fail_changed(entry.path);
        tar.end_file();
    });
    tar.finish();
}

} // namespace caisson::runner
