#include "sandbox/cgroup/place.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

/// What a build has use for.
constexpr std::array kControllers = {"memory", "pids", "cpu", "hugetlb"};
/// The trees of version 1 that one is made in.
constexpr std::array kTrees = {"memory", "pids", "cpu", "cpuacct", "hugetlb"};

UniqueFd try_open_directory(const std::filesystem::path& path)
{
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// To make groups, and to move processes to and fro below it, which is a write to the cgroup.procs
/// of the common ancestor.
bool may_change(int directory)
{
    return ::faccessat(directory, ".", W_OK, AT_EACCESS) == 0 &&
           ::faccessat(directory, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

std::vector<std::string> words_of(int directory, const char* file)
{
    const std::string text = read_group_file(directory, file).value_or("");
    std::vector<std::string> words;
    for (const char* controller : kControllers)
        if (has_word(text, controller)) words.emplace_back(controller);
    return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

pid_t parent_of(pid_t process)
{
    const UniqueFd directory = try_open_directory("/proc/" + std::to_string(process));
    const std::string status = read_group_file(directory.get(), "status").value_or("");
    constexpr std::string_view kKey = "\nPPid:\t";
    const std::size_t at = status.find(kKey);
    if (at == std::string::npos) return -1;
    pid_t parent = -1;
    std::from_chars(status.data() + at + kKey.size(), status.data() + status.size(), parent);
    return parent;
}

/// Whether this process started it, or one that it started did. 0, which a pid namespace hides, is
/// nobody's.
bool is_below_us(pid_t process)
{
    const pid_t self = ::getpid();
    while (process > 1 && process != self)
        process = parent_of(process);
    return process == self;
}

bool are_ours(const std::vector<pid_t>& processes)
{
    return std::all_of(processes.begin(), processes.end(), is_below_us);
}

/// Moves every process; one that has ended meanwhile is no failure.
void move_processes(int from, int to)
{
    for (const pid_t process : processes_of(from))
        write_group_file(to, "cgroup.procs", std::to_string(process));
}

void lower(std::optional<std::uint64_t>& bound, int directory, const char* file)
{
    const auto own = number_in(read_group_file(directory, file).value_or(""));
    if (own) bound = std::min(bound.value_or(*own), *own);
}

/// What would hold for us below `directory` and does not where we are about to go.
void inherit(InheritedBounds& bounds, int directory)
{
    lower(bounds.memory_bytes, directory, "memory.max");
    lower(bounds.processes, directory, "pids.max");
    const std::string cpu = read_group_file(directory, "cpu.max").value_or("max");
    if (!cpu.starts_with("max") && bounds.cpu.empty()) bounds.cpu = cpu;
}

/// Version 2. The nearest group that may have groups below it: our own if nobody else lives in it,
/// as in a scope that was delegated to us, or one above, as a user's slice.
std::optional<GroupPlace> find_place_2(const Hierarchy& hierarchy, const std::string& name)
{
    GroupPlace place{.version = 2};
    for (std::filesystem::path path = hierarchy.own;; path = path.parent_path()) {
        UniqueFd directory = try_open_directory(path);
        if (!directory) return std::nullopt;
        if (may_change(directory.get())) {
            // the root of all groups has no type, and is not ours to change
            if (path == hierarchy.own && read_group_file(directory.get(), "cgroup.type") &&
                !contains(words_of(directory.get(), "cgroup.subtree_control"), "memory"))
                place.evacuation = Evacuation::try_make(directory.get(), name);
            place.controllers = words_of(directory.get(), "cgroup.subtree_control");
            if (contains(place.controllers, "memory")) {
                place.directory = std::move(directory);
                return place;
            }
        }
        if (path == hierarchy.mount || path == path.parent_path()) return std::nullopt;
        inherit(place.bounds, directory.get());
    }
}

std::optional<GroupPlace> find_place_1(const Hierarchy& hierarchy)
{
    if (std::none_of(kTrees.begin(), kTrees.end(), [&](const char* controller) {
            return hierarchy.has(controller);
        }))
        return std::nullopt;
    UniqueFd directory = try_open_directory(hierarchy.own);
    if (!directory || !may_change(directory.get())) return std::nullopt;
    return GroupPlace{
        .version = 1, .controllers = hierarchy.controllers, .directory = std::move(directory)};
}

} // namespace

Evacuation::Evacuation(UniqueFd own, Group refuge)
    : own_(std::move(own))
    , refuge_(std::move(refuge))
{}

std::unique_ptr<Evacuation> Evacuation::try_make(int own, const std::string& name)
{
    const std::vector<std::string> offered = words_of(own, "cgroup.controllers");
    if (!contains(offered, "memory") || !are_ours(processes_of(own))) return nullptr;
    auto refuge = Group::try_make(own, name);
    if (!refuge || !refuge->try_lock()) return nullptr;
    UniqueFd held(::fcntl(own, F_DUPFD_CLOEXEC, 0));
    if (!held) throw SysError(errno, "fcntl(F_DUPFD_CLOEXEC)");
    // its destructor undoes as much as was done
    std::unique_ptr<Evacuation> evacuation(new Evacuation(std::move(held), *std::move(refuge)));
    move_processes(own, evacuation->refuge_.directory());
    for (const std::string& controller : offered)
        if (write_group_file(own, "cgroup.subtree_control", "+" + controller))
            evacuation->enabled_.push_back(controller);
    if (!contains(evacuation->enabled_, "memory")) return nullptr;
    return evacuation;
}

Evacuation::~Evacuation()
{
    for (const std::string& controller : enabled_)
        write_group_file(own_.get(), "cgroup.subtree_control", "-" + controller);
    move_processes(refuge_.directory(), own_.get());
}

bool GroupPlace::has(std::string_view controller) const
{
    return contains(controllers, controller);
}

std::vector<GroupPlace> find_places(const std::vector<Hierarchy>& hierarchies,
                                    const std::string& name)
{
    std::vector<GroupPlace> places;
    for (const Hierarchy& hierarchy : hierarchies)
        if (hierarchy.version == 2)
            if (auto place = find_place_2(hierarchy, name)) {
                places.push_back(*std::move(place));
                return places;
            }
    for (const Hierarchy& hierarchy : hierarchies)
        if (hierarchy.version == 1)
            if (auto place = find_place_1(hierarchy)) places.push_back(*std::move(place));
    return places;
}

} // namespace caisson::sandbox
