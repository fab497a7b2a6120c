#include "runner/job/host_report.hh"

#include "runner/job/run.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/launch.hh"

#include <algorithm>
#include <fcntl.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using nlohmann::json;

constexpr const char* kOk = "ok";
constexpr const char* kDegraded = "degraded";
constexpr const char* kMissing = "missing";

struct Line {
    const char* id;
    const char* title;
    const char* meaning;
};
constexpr Line kIds = {"ids.subordinate",
                       "65,536 subordinate ids",
                       "the ids of everything in a build, none of which is a person's"};
constexpr Line kStore = {"store.place", "the store", "images, trees and the cache"};
constexpr Line kCell = {
    "cell", "a cell", "all of it together: a command of this host ran behind every wall"};

json finding(const Line& line,
             const char* status,
             const std::string& detail,
             const std::string& hint = {})
{
    return {{"id", line.id},
            {"title", line.title},
            {"required", true},
            {"status", status},
            {"detail", detail},
            {"meaning", line.meaning},
            {"hint", hint}};
}

/// Runs `look`, which returns a detail; an Error is a finding, too.
template<class Look>
json find(const Line& line, Look&& look)
try {
    return finding(line, kOk, std::forward<Look>(look)());
} catch (const Error& error) {
    return finding(line, kMissing, error.message(), error.hint());
}

/// Where nothing is to be kept, and the store cannot be had.
struct Place {
    std::unique_ptr<Store> store;
    std::unique_ptr<TempDirectory> other;
    UniqueFd other_trees;

    [[nodiscard]] int trees() const { return store ? store->trees() : other_trees.get(); }
};

json find_store(Place& place, const std::filesystem::path& root)
{
    json found = find(kStore, [&] {
        place.store = Store::open(root);
        return root.native();
    });
    if (!place.store) {
        place.other = std::make_unique<TempDirectory>(std::filesystem::temp_directory_path());
        place.other_trees = open_file(place.other->path(), O_RDONLY | O_DIRECTORY);
    }
    return found;
}

json find_cell(Store& store)
{
    RunRequest request;
    request.argv = {"true"};
    request.timeout = std::chrono::seconds(60);
    json found = find(kCell, [&] {
        const UniqueFd null = open_file("/dev/null", O_RDWR);
        const RunPlan plan = plan_run(request, store);
        const RunResult result = run(plan, store, {.output = null.get(), .errors = null.get()});
        if (!result.outcome.ok())
            throw Error(ErrorKind::kHost, "a command in it ended badly: " + result.outcome.detail);
        std::string lost;
        for (const Degradation& one : result.degraded)
            // not of this host: owners are of its programs, which no build sees, and the limits
            // that nothing holds are the same everywhere
            if (one.what != "owners" && one.what != "limits")
                lost += (lost.empty() ? "" : "; ") + one.what + ": " + one.detail;
        return lost;
    });
    if (found.at("status") == kOk && !found.at("detail").get<std::string>().empty())
        found["status"] = kDegraded;
    return found;
}

bool makes_builds_impossible(const json& check)
{
    return check.at("required").get<bool>() && check.at("status") == kMissing;
}

} // namespace

json report_host(const std::filesystem::path& root)
{
    json checks = json::array();
    std::optional<sandbox::SubordinateIds> ids;
    checks.push_back(find(kIds, [&] {
        ids = sandbox::SubordinateIds::of_invoker();
        return "from " + std::to_string(ids->users.first) + " and, for groups, " +
               std::to_string(ids->groups.first);
    }));
    Place place;
    checks.push_back(find_store(place, root));
    for (json& check : sandbox::check_host(own_directory() / "caisson-chamber", place.trees(), ids))
        checks.push_back(std::move(check));
    if (std::none_of(checks.begin(), checks.end(), makes_builds_impossible))
        checks.push_back(find_cell(*place.store));
    const bool possible = std::none_of(checks.begin(), checks.end(), makes_builds_impossible);
    return {
        {"format", "caisson-host-check@v1"}, {"possible", possible}, {"checks", std::move(checks)}};
}

} // namespace caisson::runner
