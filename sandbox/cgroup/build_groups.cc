#include "sandbox/cgroup/build_groups.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cgroup/bounds.hh"
#include "sandbox/cgroup/hierarchy.hh"
#include "sandbox/cgroup/sweep.hh"
#include "sandbox/sys/path.hh"

#include <array>
#include <fcntl.h>
#include <sys/random.h>
#include <tuple>

namespace caisson::sandbox {
namespace {

std::string random_name()
{
    std::array<unsigned char, 4> bytes = {};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw SysError(errno, "getrandom");
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string name(kGroupPrefix);
    for (const unsigned char byte : bytes) {
        name += kDigits[byte >> 4U];
        name += kDigits[byte & 0xfU];
    }
    return name;
}

/// What of the limits a group bounds.
auto bounded(const Limits& limits)
{
    return std::tie(limits.memory_bytes,
                    limits.swap_bytes,
                    limits.huge_page_bytes,
                    limits.processes,
                    limits.cpu_percent);
}

/// Who clones into a group of version 2 must be allowed to write to its cgroup.procs and to that of
/// the group above both his and it, as whoever he then is: the chamber has none of our ids. Nobody
/// from outside gets in that way: above their groups and these lies one that they may not write to.
void let_chamber_clone_into(const Group& group)
{
    sys::fchmodat(group.directory(), "cgroup.procs", 0666);
}

} // namespace

std::unique_ptr<BuildGroups> BuildGroups::try_make(const Limits& limits)
{
    const std::string name = random_name();
    std::vector<GroupPlace> places = find_places(find_hierarchies(), name + ".runner");
    std::unique_ptr<BuildGroups> groups(new BuildGroups);
    groups->name_ = name;
    for (GroupPlace& place : places) {
        sweep_groups(place.directory.get());
        // one that gives nothing is passed over
        (void)groups->add_tree(std::move(place), limits);
    }
    if (groups->trees_.empty()) return nullptr;
    auto first = groups->make_step(limits);
    groups->promised_ = first->holders_;
    groups->promised_.erase("cpu_percent"); // nothing to hold where a plan gives all cores
    groups->holders_ = first->holders_;
    groups->holders_.merge(LimitHolders(groups->build_holders_));
    if (first->cpu()) groups->holders_["cpu_seconds"] = Holder::kWatcher;
    std::promise<std::unique_ptr<StepGroup>> ready;
    groups->spare_ = ready.get_future();
    ready.set_value(std::move(first));
    return groups;
}

BuildGroups::~BuildGroups()
{
    if (spare_.valid()) spare_.wait();
    spare_ = {};
    ended_.clear();
}

bool BuildGroups::add_tree(GroupPlace place, const Limits& limits)
{
    auto build = Group::try_make(place.directory.get(), name_);
    if (!build || !build->try_lock()) return false;
    const LimitHolders held = bound_build(place, *build, limits);
    build_holders_.insert(held.begin(), held.end());
    auto tree = std::make_unique<Tree>(Tree{std::move(place), *std::move(build), {}});
    if (tree->place.has("memory")) {
        auto chamber = Group::try_make(tree->build.directory(), "chamber");
        if (!chamber) return false;
        tree->chamber.emplace(*std::move(chamber));
        if (tree->place.version == 2) {
            let_chamber_clone_into(tree->build);
        } else {
            chamber_tasks_ = tree->chamber->open("tasks", O_WRONLY);
            chamber_entrance_.tasks = {chamber_tasks_.get()};
        }
    }
    trees_.push_back(std::move(tree));
    return true;
}

void BuildGroups::admit_chamber(pid_t chamber) const
{
    for (const auto& tree : trees_)
        if (tree->place.version == 2 && tree->chamber &&
            !tree->chamber->try_write("cgroup.procs", std::to_string(chamber)))
            throw Error(ErrorKind::kHost,
                        "the chamber cannot be moved into its cgroup",
                        "a cgroup that this user may make, but not fill, was not delegated whole");
}

std::unique_ptr<StepGroup> BuildGroups::make_step(const Limits& limits)
{
    const std::string name = "step." + std::to_string(++steps_);
    auto step = std::make_unique<StepGroup>();
    for (const auto& tree : trees_) {
        auto group = Group::try_make(tree->build.directory(), name);
        if (!group)
            throw Error(ErrorKind::kHost,
                        "no cgroup could be made for a step",
                        "see cgroup.max.descendants");
        if (tree->place.version == 2) {
            let_chamber_clone_into(*group);
            step->entrance_.directory = group->directory();
        } else {
            step->tasks_.push_back(group->open("tasks", O_WRONLY));
            step->entrance_.tasks.push_back(step->tasks_.back().get());
        }
        step->parts_.push_back({*std::move(group), &tree->build, &tree->place});
    }
    bound_step(*step, limits);
    return step;
}

void BuildGroups::bound_step(StepGroup& step, const Limits& limits) const
{
    step.limits_ = limits;
    step.holders_.clear();
    for (std::size_t index = 0; index < trees_.size(); ++index)
        step.holders_.merge(
            sandbox::bound_step(trees_[index]->place, step.parts_[index].group, limits));
}

std::unique_ptr<StepGroup> BuildGroups::take_made(const Limits& limits)
{
    if (renewed_.empty()) return spare_.valid() ? spare_.get() : make_step(limits);
    std::unique_ptr<StepGroup> step = std::move(renewed_.back());
    renewed_.pop_back();
    return step;
}

std::unique_ptr<StepGroup> BuildGroups::take(const Limits& limits)
{
    const std::lock_guard lock(mutex_);
    std::unique_ptr<StepGroup> step = take_made(limits);
    if (bounded(step->limits_) != bounded(limits)) bound_step(*step, limits);
    for (const auto& [limit, holder] : promised_)
        if (!step->holders_.contains(limit))
            throw Error(ErrorKind::kHost, "a step's cgroup does not take limits." + limit);
    step->limits_ = limits;
    if (spare_.valid()) return step;
    spare_ = std::async(std::launch::async, [this, limits, ended = std::move(ended_)]() mutable {
        ended.clear();
        return make_step(limits);
    });
    ended_.clear();
    return step;
}

void BuildGroups::put_back(std::unique_ptr<StepGroup> step)
{
    const std::lock_guard lock(mutex_);
    (step->renew() ? renewed_ : ended_).push_back(std::move(step));
}

} // namespace caisson::sandbox
