#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "runner/store/temp_file.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <unistd.h>

// Who is alive is told by flock(2), which the kernel undoes when a process ends, however it ends.
// builds/<id> is locked by its build from before it has its name until the build is over; so a
// marker whose lock can be had belongs to a build that ended badly.

namespace caisson::runner {
namespace {

constexpr std::size_t kIdLength = 8;

bool all_of(std::string_view text, std::string_view alphabet) noexcept
{
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

} // namespace

bool is_build_id(std::string_view name) noexcept
{
    return name.size() == kIdLength && all_of(name, "0123456789abcdef");
}

bool is_tree_name(std::string_view name) noexcept
{
    return name.size() > kIdLength + 1 && name.size() < 64 &&
           is_build_id(name.substr(0, kIdLength)) && name[kIdLength] == '.' &&
           all_of(name.substr(kIdLength + 1), "0123456789");
}

void Store::State::begin_build()
{
    std::string id;
    do
        id = random_hex(kIdLength / 2);
    while (!TempFile::create(tmp.get()).publish_new(builds.get(), id, marker));
    build = id;
}

std::string Store::new_tree()
{
    const std::lock_guard lock(state_->mutex);
    if (state_->build.empty()) state_->begin_build();
    std::string tree;
    // an id of 32 bits may have been that of a build long over, whose trees are still in use
    do
        tree = state_->build + "." + std::to_string(state_->next_tree++);
    while (has_tree(tree));
    return tree;
}

void Store::end_build()
{
    const std::lock_guard lock(state_->mutex);
    if (state_->build.empty()) return;
    if (::unlinkat(state_->builds.get(), state_->build.c_str(), 0) != 0)
        throw SysError(errno, "remove the marker of build " + state_->build);
    state_->build.clear();
    state_->marker.reset();
    state_->next_tree = 0;
}

void Store::State::abandon_tree(const std::string& tree) const
{
    const std::string id = tree.substr(0, kIdLength);
    // a marker without a lock. Should the id be that of a running build, its own one stays.
    const UniqueFd made(
        ::openat(builds.get(), id.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made) throw SysError(errno, "mark build " + id + " as ended");
}

std::vector<std::string> Store::leftover_trees()
{
    const std::lock_guard lock(state_->mutex);
    sweep_temp_files(state_->tmp.get());
    for (const std::string& id : names_in(state_->builds.get())) {
        if (!is_build_id(id) || id == state_->build || state_->stale.contains(id)) continue;
        UniqueFd marker(
            ::openat(state_->builds.get(), id.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        // the lock is kept until forget_leftovers: two builds do not remove the same trees
        if (marker && lock_if_abandoned(marker.get())) state_->stale.emplace(id, std::move(marker));
    }
    if (state_->stale.empty()) return {}; // the usual case: nothing large was read

    const std::vector<std::string> named = state_->named_trees();
    const std::set<std::string> kept(named.begin(), named.end());
    std::vector<std::string> leftovers;
    for (std::string& tree : names_in(state_->trees.get()))
        if (is_tree_name(tree) && state_->stale.contains(tree.substr(0, kIdLength)) &&
            !kept.contains(tree))
            leftovers.push_back(std::move(tree));
    std::ranges::sort(leftovers);
    return leftovers;
}

void Store::forget_leftovers()
{
    const std::lock_guard lock(state_->mutex);
    for (const auto& [id, marker] : state_->stale)
        if (::unlinkat(state_->builds.get(), id.c_str(), 0) != 0 && errno != ENOENT)
            throw SysError(errno, "remove the marker of build " + id);
    state_->stale.clear();
}

} // namespace caisson::runner
