#include "sandbox/cgroup/group.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using namespace std::chrono_literals;

/// How long processes that were killed may take to leave a group.
constexpr auto kPatience = 500ms;

} // namespace

std::optional<Group> Group::try_make(int parent, const std::string& name)
{
    if (::mkdirat(parent, name.c_str(), 0755) != 0) return std::nullopt;
    UniqueFd directory(
        ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return std::nullopt;
    return Group(std::move(directory), name);
}

Group::Group(UniqueFd directory, std::string name)
    : directory_(std::move(directory))
    , name_(std::move(name))
{}

Group::Group(Group&& other) noexcept
    : directory_(std::move(other.directory_))
    , name_(std::move(other.name_))
{}

Group::~Group()
{
    if (!directory_) return;
    const UniqueFd parent(::openat(directory_.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (::unlinkat(parent.get(), name_.c_str(), AT_REMOVEDIR) != 0 && errno == EBUSY &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(2ms);
}

bool Group::try_write(const std::string& file, std::string_view value) const
{
    return write_group_file(directory_.get(), file, value);
}

bool Group::try_write(const std::string& file, std::uint64_t value) const
{
    return try_write(file, std::to_string(value));
}

std::optional<std::string> Group::try_read(const std::string& file) const
{
    return read_group_file(directory_.get(), file);
}

UniqueFd Group::open(const std::string& file, int flags) const
{
    return open_file_at(directory_.get(), file, flags);
}

bool Group::try_lock() const
{
    if (::flock(directory_.get(), LOCK_EX | LOCK_NB) != 0) return false;
    // the sweep removes what it finds unlocked: it may have come between mkdir and here
    const UniqueFd parent(::openat(directory_.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return false;
    const auto entry = sys::fstatat(parent.get(), name_);
    return entry && entry->st_ino == sys::fstat(directory_.get()).st_ino;
}

std::optional<std::string> read_group_file(int directory, const std::string& file)
{
    const UniqueFd open(::openat(directory, file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!open) return std::nullopt;
    std::string text;
    std::array<char, 4096> part = {};
    for (;;) {
        const ssize_t got = ::read(open.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) return text;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
}

bool write_group_file(int directory, const std::string& file, std::string_view value)
{
    const UniqueFd open(::openat(directory, file.c_str(), O_WRONLY | O_CLOEXEC));
    return open &&
           ::write(open.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::vector<pid_t> processes_of(int directory)
{
    const std::string text = read_group_file(directory, "cgroup.procs").value_or("");
    std::vector<pid_t> processes;
    for (const char* at = text.data(); at < text.data() + text.size();) {
        pid_t pid = 0;
        const auto [end, failure] = std::from_chars(at, text.data() + text.size(), pid);
        if (failure != std::errc()) break;
        processes.push_back(pid);
        at = end + 1;
    }
    return processes;
}

std::optional<std::uint64_t> number_in(std::string_view text, std::string_view key)
{
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!key.empty()) {
            if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ')
                continue;
            line.remove_prefix(key.size() + 1);
        }
        std::uint64_t value = 0;
        const auto [rest, failure] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (failure != std::errc() || rest != line.data() + line.size()) return std::nullopt;
        return value;
    }
    return std::nullopt;
}

bool has_word(std::string_view text, std::string_view word)
{
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const auto is_gap = [&](std::size_t place) {
            return place >= text.size() || text[place] == ' ' || text[place] == '\n';
        };
        if ((at == 0 || is_gap(at - 1)) && is_gap(at + word.size())) return true;
    }
    return false;
}

} // namespace caisson::sandbox
