#include "runner/job/host_report.hh"

#include "runner/job/posture.hh"
#include "runner/job/probe_calls.hh"
#include "runner/job/run.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/base/scope_exit.hh"
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
constexpr Line kWalls = {"cell.walls",
                         "the walls of a cell",
                         "what a hostile step is kept in by; each build tries the cheap part"};

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
    if (error.kind() == ErrorKind::kInterrupted) throw;
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
            if (one.what != "owners") // of the host's programs, which no build sees
                lost += (lost.empty() ? "" : "; ") + one.what + ": " + one.detail;
        return lost;
    });
    if (found.at("status") == kOk && !found.at("detail").get<std::string>().empty())
        found["status"] = kDegraded;
    return found;
}

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : "; ") + part;
    return text;
}

json finding_of(const Posture& posture)
{
    if (!posture.broken.empty())
        return finding(kWalls,
                       kMissing,
                       joined(posture.broken),
                       "builds stop here: update the kernel, or use another host");
    const std::size_t surface = posture.open.size() - posture.given.size();
    std::string detail = std::to_string(posture.attempts) +
                         " attempts: " + std::to_string(posture.refused) + " refused, " +
                         std::to_string(posture.absent) + " absent, " + std::to_string(surface) +
                         " of surface";
    if (posture.given.empty()) return finding(kWalls, kOk, detail);
    std::vector<std::string> given;
    for (const auto& [attempt, permission] : posture.given)
        given.push_back(attempt + " by " + permission);
    return finding(kWalls, kDegraded, detail + "; the policy gives " + joined(given));
}

json to_json(const ProbeAttempt& attempt, const Judge& judge)
{
    return {{"id", attempt.id},
            {"severity", attempt.severity},
            {"result", attempt.result},
            {"judgement", word_of(judge.judge(attempt))},
            {"detail", attempt.detail}};
}

/// Adds the check, and every attempt as `selfTest`.
void test_walls(Store& store, const policies::Policy& policy, json& report)
{
    json& self_test = report["selfTest"];
    self_test = {{"policy", policy.name},
                 {"policyDigest", attest::Digest::of(policy.canonical_json).text()},
                 {"attempts", json::array()}};
    json found = find(kWalls, [&] {
        Site site(store);
        const ScopeExit forget([&site] { site.abandon(); });
        site.govern(policy, kDefaultEpoch);
        const std::vector<ProbeAttempt> attempts = attempt_in_cell(site, policy, ProbeSet::kWhole);
        self_test["callsBeside"] = names_beside(policy);
        const Judge judge(policy);
        for (const ProbeAttempt& attempt : attempts)
            self_test["attempts"].push_back(to_json(attempt, judge));
        report["checks"].push_back(finding_of(judge.posture_of(attempts)));
        return std::string();
    });
    if (found.at("status") != kOk) report["checks"].push_back(std::move(found));
}

bool makes_builds_impossible(const json& check)
{
    return check.at("required").get<bool>() && check.at("status") == kMissing;
}

} // namespace

json report_host(const std::filesystem::path& root, const policies::Policy* self_test)
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
    json report = {{"format", "caisson-host-check@v1"}, {"checks", std::move(checks)}};
    const auto is_possible = [&] {
        return std::none_of(
            report["checks"].begin(), report["checks"].end(), makes_builds_impossible);
    };
    if (self_test != nullptr && is_possible()) test_walls(*place.store, *self_test, report);
    report["possible"] = is_possible();
    return report;
}

} // namespace caisson::runner
