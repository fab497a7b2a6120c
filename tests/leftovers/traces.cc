#include "tests/leftovers/traces.hh"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <type_traits>
#include <unistd.h>

namespace caisson::leftovers {
namespace {

namespace fs = std::filesystem;

/// What can be read: a process may end between the opening of its file and the reading (ESRCH).
std::string text_of(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text; // an istreambuf_iterator would throw
    text << file.rdbuf();
    return text.str();
}

/// One line of it: names may be any bytes.
std::string line_of(std::string text)
{
    for (char& letter : text)
        if (letter == '\n' || letter == '\0') letter = ' ';
    return text;
}

void add_mounts(std::set<std::string>& traces)
{
    std::istringstream mounts(text_of("/proc/self/mountinfo"));
    for (std::string line; std::getline(mounts, line);) {
        // proc_pid_mountinfo(5): (1) id, …, (4) root, (5) mount point, … "-" type, source
        std::istringstream fields(line);
        std::string word;
        std::string root;
        std::string point;
        fields >> word >> word >> word >> root >> point;
        while (fields >> word && word != "-") {
        }
        std::string type;
        std::string source;
        fields >> type >> source;
        traces.insert("mount " + point + ": " + root + " of " + type + " " + source);
    }
}

template<class Iterator>
void add_entries(std::set<std::string>& traces,
                 const std::string& kind,
                 const fs::path& directory,
                 const std::string& mark,
                 int depth)
{
    std::error_code gone;
    Iterator entry(directory, fs::directory_options::skip_permission_denied, gone);
    for (const Iterator end; !gone && entry != end; entry.increment(gone)) {
        if constexpr (std::is_same_v<Iterator, fs::recursive_directory_iterator>)
            if (entry.depth() >= depth) entry.disable_recursion_pending();
        if (entry->path().filename().native().find(mark) != std::string::npos)
            traces.insert(line_of(kind + " " + entry->path().native()));
    }
}

void add_cgroups(std::set<std::string>& traces)
{
    constexpr int kDeepest = 8;
    add_entries<fs::recursive_directory_iterator>(
        traces, "control group", "/sys/fs/cgroup", "caisson", kDeepest);
}

void add_stores(std::set<std::string>& traces)
{
    std::vector<fs::path> stores = {"/var/lib/caisson"};
    if (const char* home = std::getenv("HOME"))
        stores.push_back(fs::path(home) / ".local/share/caisson");
    if (const char* data = std::getenv("XDG_DATA_HOME"))
        stores.push_back(fs::path(data) / "caisson");
    for (const fs::path& store : stores)
        add_entries<fs::recursive_directory_iterator>(traces, "in a user's store:", store, "", 1);
}

struct Status {
    pid_t parent = 0;
    char state = '?';
};

/// proc_pid_stat(5); the name in parentheses may hold any byte, so from its last one on.
Status status_of(pid_t pid)
{
    const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
    Status status;
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return status;
    std::istringstream fields(text.substr(name_end + 1));
    fields >> status.state >> status.parent;
    return status;
}

std::map<pid_t, Status> all_processes()
{
    std::map<pid_t, Status> processes;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (failure == std::errc() && end == name.data() + name.size())
            processes[pid] = status_of(pid);
    }
    return processes;
}

} // namespace

std::set<std::string> traces_now()
{
    std::set<std::string> traces;
    add_mounts(traces);
    add_cgroups(traces);
    add_entries<fs::directory_iterator>(traces, "network namespace", "/run/netns", "", 0);
    add_stores(traces);
    return traces;
}

std::vector<std::string> files_below(const fs::path& directory)
{
    std::vector<std::string> files;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(directory, gone))
        files.push_back(line_of(entry.path().native()));
    return files;
}

std::vector<Process> descendants_of(pid_t root)
{
    const std::map<pid_t, Status> processes = all_processes();
    const auto parent_of = [&](pid_t pid) {
        const auto found = processes.find(pid);
        return found == processes.end() ? 0 : found->second.parent;
    };
    std::set<pid_t> own_line;
    for (pid_t pid = ::getpid(); pid > 0 && pid != root; pid = parent_of(pid))
        own_line.insert(pid);
    std::vector<Process> found;
    for (const auto& [pid, status] : processes) {
        if (status.state == 'Z' || own_line.contains(pid)) continue;
        pid_t above = status.parent;
        while (above > 0 && above != root)
            above = parent_of(above);
        if (above != root) continue;
        const std::string base = "/proc/" + std::to_string(pid);
        std::string command = line_of(text_of(base + "/cmdline"));
        if (command.empty()) command = line_of(text_of(base + "/comm"));
        found.push_back({pid, command});
    }
    return found;
}

} // namespace caisson::leftovers
