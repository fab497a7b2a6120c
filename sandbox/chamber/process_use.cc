#include "sandbox/chamber/process_use.hh"

#include "sandbox/base/unique_fd.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace caisson::sandbox {
namespace {

UniqueFd try_open(int directory, const std::string& name, int flags)
{
    return UniqueFd(::openat(directory, name.c_str(), flags | O_CLOEXEC));
}

/// Empty where the process has ended.
std::string read_text(int procfs, const std::string& name)
{
    const UniqueFd file = try_open(procfs, name, O_RDONLY);
    std::string text;
    if (!file) return text;
    std::array<char, 8192> part = {};
    for (;;) {
        const ssize_t got = ::read(file.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
}

std::optional<pid_t> pid_of(const std::string& name)
{
    pid_t pid = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failure != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return pid;
}

const std::vector<std::string_view> kHeld = {"RssAnon:", "RssShmem:", "VmSwap:", "VmPTE:"};
const std::vector<std::string_view> kShared = {"Pss_Anon:", "Pss_Shmem:", "SwapPss:"};

/// The device that files of memfd_create(2) lie on: that of one of our own.
dev_t memfd_device()
{
    const UniqueFd file(::memfd_create("device", MFD_CLOEXEC));
    return file ? sys::fstat(file.get()).st_dev : dev_t{0};
}

} // namespace

bool parse_stat(std::string_view text, long ticks_per_second, ProcessUse& use)
{
    // proc(5): pid (name) state ppid …: fields 4, 14 to 17 and 20
    constexpr std::size_t kParent = 4;
    constexpr std::size_t kUserTime = 14;
    constexpr std::size_t kThreads = 20;
    std::size_t at = text.rfind(')');
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + 1);
    std::array<std::int64_t, kThreads + 1> fields = {};
    for (std::size_t field = 3; field <= kThreads; ++field) {
        if (text.empty() || text.front() != ' ') return false;
        text.remove_prefix(1);
        const std::size_t end = std::min(text.find(' '), text.size());
        if (field > 3 &&
            std::from_chars(text.data(), text.data() + end, fields[field]).ec != std::errc())
            return false;
        text.remove_prefix(end);
    }
    const auto time = [&](std::size_t field) {
        return std::chrono::microseconds((fields[field] + fields[field + 1]) * 1'000'000 /
                                         ticks_per_second);
    };
    use.parent = static_cast<pid_t>(fields[kParent]);
    use.own_cpu = time(kUserTime);
    use.children_cpu = time(kUserTime + 2);
    use.tasks = static_cast<std::uint64_t>(std::max<std::int64_t>(fields[kThreads], 0));
    return true;
}

std::uint64_t sum_of_lines(std::string_view text, const std::vector<std::string_view>& keys)
{
    std::uint64_t sum = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const bool counts = std::any_of(
            keys.begin(), keys.end(), [&](std::string_view key) { return line.starts_with(key); });
        if (!counts || !line.ends_with(" kB")) continue;
        const std::size_t digits = line.find_first_of("0123456789", line.find(':'));
        std::uint64_t value = 0;
        if (digits != std::string_view::npos)
            std::from_chars(line.data() + digits, line.data() + line.size(), value);
        sum += value * 1024;
    }
    return sum;
}

std::vector<ProcessUse> read_processes(int procfs)
{
    static const long kTicks = ::sysconf(_SC_CLK_TCK);
    std::vector<ProcessUse> all;
    for (const sys::DirectoryEntry& entry : sys::read_directory(procfs)) {
        const auto pid = pid_of(entry.name);
        if (!pid) continue;
        ProcessUse use{.pid = *pid};
        if (!parse_stat(read_text(procfs, entry.name + "/stat"), kTicks, use)) continue;
        use.memory_bytes = sum_of_lines(read_text(procfs, entry.name + "/status"), kHeld);
        all.push_back(use);
    }
    return all;
}

std::vector<ProcessUse> processes_below(const std::vector<ProcessUse>& all, pid_t init)
{
    std::unordered_map<pid_t, pid_t> parents;
    for (const ProcessUse& use : all)
        parents.emplace(use.pid, use.parent);
    std::vector<ProcessUse> below;
    for (const ProcessUse& use : all) {
        pid_t pid = use.pid;
        // the table was not read at one moment: a chain of it may have a loop
        for (std::size_t steps = 0; pid != init && steps < all.size(); ++steps) {
            const auto parent = parents.find(pid);
            if (parent == parents.end()) break;
            pid = parent->second;
        }
        if (pid == init) below.push_back(use);
    }
    return below;
}

std::optional<std::uint64_t> proportional_memory(int procfs, const ProcessUse& use)
{
    const std::string name = std::to_string(use.pid);
    const std::string text = read_text(procfs, name + "/smaps_rollup");
    if (text.empty()) return std::nullopt;
    return sum_of_lines(text, kShared) +
           sum_of_lines(read_text(procfs, name + "/status"), {"VmPTE:"});
}

NamelessFiles nameless_files(int procfs, const std::vector<ProcessUse>& processes)
{
    constexpr std::uint64_t kBlock = 512;
    static const dev_t kMemory = memfd_device();
    std::set<std::pair<dev_t, ino_t>> seen;
    NamelessFiles files;
    for (const ProcessUse& use : processes) {
        const UniqueFd directory =
            try_open(procfs, std::to_string(use.pid) + "/fd", O_RDONLY | O_DIRECTORY);
        if (!directory) continue;
        const auto held = sys::read_directory_if_present(directory.get());
        if (!held) continue;
        for (const sys::DirectoryEntry& entry : *held) {
            struct stat status = {};
            if (::fstatat(directory.get(), entry.name.c_str(), &status, 0) != 0) continue;
            if (!S_ISREG(status.st_mode) || status.st_nlink != 0 ||
                !seen.emplace(status.st_dev, status.st_ino).second)
                continue;
            const auto bytes = static_cast<std::uint64_t>(status.st_blocks) * kBlock;
            if (status.st_dev == kMemory) {
                files.memory_bytes += bytes;
            } else {
                files.disk_bytes += bytes;
                ++files.disk_files;
            }
        }
    }
    return files;
}

} // namespace caisson::sandbox
