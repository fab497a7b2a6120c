// The runner's side of the chamber: sends requests, and hands each reply to whoever waits for it.
#include "sandbox/launch.hh"

#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/features.hh"
#include "sandbox/find_holders.hh"
#include "sandbox/messages.hh"
#include "sandbox/plan_json.hh"
#include "sandbox/start_chamber.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <type_traits>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

/// One reply that somebody waits for.
struct Pending {
    std::function<void(const json&)> fulfil;
    std::function<void(const Error&)> fail;
};

template<class Result>
Pending pending_for(const std::shared_ptr<std::promise<Result>>& promise,
                    Result (*decode)(const json&))
{
    return {.fulfil =
                [promise, decode](const json& result) {
                    if constexpr (std::is_void_v<Result>) {
                        (void)decode; // there is nothing to decode
                        promise->set_value();
                    } else {
                        promise->set_value(decode(result));
                    }
                },
            .fail =
                [promise](const Error& error) {
                    promise->set_exception(std::make_exception_ptr(error));
                }};
}

} // namespace

struct Chamber::State {
    std::unique_ptr<BuildGroups> groups; ///< goes last: the chamber lives in one of them
    LimitHolders holders;
    Channel channel;
    Program program;
    std::vector<bool> owners; ///< of host paths: seen inside
    std::thread reader;

    std::mutex lock; ///< guards what follows
    std::uint64_t next_id = 1;
    std::map<std::uint64_t, Pending> pending;
    std::optional<Error> ended;

    State(Channel socket, Program started)
        : channel(std::move(socket))
        , program(std::move(started))
    {}

    /// Sends a request. Where the chamber is gone the reply is the error that says so.
    std::uint64_t post(json&& request, const std::vector<int>& descriptors, Pending reply);
    template<class Result>
    std::future<Result>
    ask(json&& request, const std::vector<int>& descriptors, Result (*decode)(const json&));

    void read_replies();
    void answer(const json& message);
    void fail_all(const Error& error);
};

std::uint64_t
Chamber::State::post(json&& request, const std::vector<int>& descriptors, Pending reply)
{
    std::uint64_t id = 0;
    {
        const std::lock_guard guard(lock);
        id = next_id++;
        if (ended) {
            reply.fail(*ended);
            return id;
        }
        pending.emplace(id, std::move(reply));
    }
    request["id"] = id;
    try {
        channel.send(request.dump(), descriptors);
    } catch (const Error& error) {
        // a chamber that is gone: the reader comes to its end too, and tells why
        const auto* refused = dynamic_cast<const SysError*>(&error);
        if (refused != nullptr && refused->number() == EPIPE) return id;
        // whichever of the reader and this thread comes first answers
        const std::lock_guard guard(lock);
        if (auto node = pending.extract(id); !node.empty()) node.mapped().fail(error);
    }
    return id;
}

template<class Result>
std::future<Result> Chamber::State::ask(json&& request,
                                        const std::vector<int>& descriptors,
                                        Result (*decode)(const json&))
{
    const auto promise = std::make_shared<std::promise<Result>>();
    std::future<Result> future = promise->get_future();
    post(std::move(request), descriptors, pending_for(promise, decode));
    return future;
}

void Chamber::State::answer(const json& message)
{
    Pending reply;
    {
        const std::lock_guard guard(lock);
        auto node = pending.extract(message.at("id").get<std::uint64_t>());
        if (node.empty()) return;
        reply = std::move(node.mapped());
    }
    if (message.contains("error"))
        reply.fail(error_from_json(message["error"].dump()));
    else
        reply.fulfil(message.at("result"));
}

void Chamber::State::fail_all(const Error& error)
{
    std::map<std::uint64_t, Pending> orphans;
    {
        const std::lock_guard guard(lock);
        ended = error;
        orphans.swap(pending);
    }
    for (auto& [id, reply] : orphans)
        reply.fail(error);
}

void Chamber::State::read_replies()
{
    std::string last_words;
    try {
        while (const auto message = channel.receive()) {
            const json reply = json::parse(message->text);
            if (reply.contains("id"))
                answer(reply);
            else
                last_words = message->text;
        }
    } catch (const std::exception& error) {
        // a thread has nobody above it to throw to: those who wait are told
        return fail_all(Error(ErrorKind::kInternal, std::string("the chamber: ") + error.what()));
    }
    fail_all(ended_unexpectedly(last_words));
}

Chamber::Chamber(std::unique_ptr<State> state)
    : state_(std::move(state))
{}

std::unique_ptr<Chamber> Chamber::start(const ChamberOptions& options)
{
    return in_context("start the chamber", [&] {
        auto groups = options.cgroups ? BuildGroups::try_make(options.limits) : nullptr;
        auto [channel, program, owners] = start_chamber(options, groups.get());
        auto state = std::make_unique<State>(std::move(channel), std::move(program));
        state->owners = std::move(owners);
        state->holders =
            find_holders(groups.get(), options.limits, trees_lie_in_memory(options.trees));
        state->groups = std::move(groups);
        state->reader = std::thread(&State::read_replies, state.get());
        return std::unique_ptr<Chamber>(new Chamber(std::move(state)));
    });
}

Chamber::~Chamber()
{
    state_->channel.shutdown();
    state_->reader.join();
    // gone once every cell and worker below it is
    state_->program.wait();
}

bool Chamber::shows_owners(std::size_t host_path) const
{
    return state_->owners.at(host_path);
}

Chamber::Running Chamber::run(const Plan& plan, int filter, const StepPipes& pipes)
{
    // the pipes are the runner's, whose ids are not in the cell: `echo >/dev/stderr` and
    // `cat /dev/stdin` open one anew, but never in the other direction
    for (const int pipe : {pipes.output, pipes.errors})
        sys::fchmod(pipe, 0622);
    std::vector<int> descriptors = {filter, pipes.output, pipes.errors};
    if (pipes.input >= 0) {
        sys::fchmod(pipes.input, 0644);
        descriptors.push_back(pipes.input);
    }
    Running running;
    if (state_->groups) running.group = state_->groups->take(plan.limits);
    const LimitHolders& held = running.group ? running.group->holders() : LimitHolders();
    const GroupEntrance entrance = running.group ? running.group->entrance() : GroupEntrance();
    if (entrance.directory >= 0) descriptors.push_back(entrance.directory);
    descriptors.insert(descriptors.end(), entrance.tasks.begin(), entrance.tasks.end());
    const auto promise = std::make_shared<std::promise<Outcome>>();
    running.outcome = promise->get_future();
    running.request = state_->post({{"op", "run"},
                                    {"plan", to_json(plan)},
                                    {"input", pipes.input >= 0},
                                    {"group", entrance.directory >= 0},
                                    {"tasks", entrance.tasks.size()},
                                    {"watch_memory", !held.contains("memory_bytes")},
                                    {"watch_processes", !held.contains("processes")},
                                    {"watch_cpu", !running.group || !running.group->cpu()}},
                                   descriptors,
                                   pending_for(promise, &outcome_from_json));
    return running;
}

Outcome Chamber::wait(Running& running)
{
    constexpr auto kBetweenLooks = std::chrono::milliseconds(100);
    if (!running.group) return running.outcome.get();
    while (running.outcome.wait_for(kBetweenLooks) != std::future_status::ready)
        if (const auto hit = running.group->hit()) stop(running.request, hit->kind);
    Outcome outcome = running.outcome.get();
    // what was ended for another reason may have run into a limit as well
    const bool ended_itself =
        outcome.kind == Outcome::Kind::kExited || outcome.kind == Outcome::Kind::kSignalled;
    if (const auto hit = running.group->hit(); hit && (ended_itself || outcome.kind == hit->kind)) {
        outcome.kind = hit->kind;
        outcome.limit = hit->limit;
        outcome.allowed = hit->allowed;
        outcome.detail.clear();
    }
    outcome.peak_memory_bytes = running.group->peak_memory().value_or(outcome.peak_memory_bytes);
    state_->groups->put_back(std::move(running.group));
    return outcome;
}

const LimitHolders& Chamber::holders() const noexcept
{
    return state_->holders;
}

void Chamber::stop(std::uint64_t request, Outcome::Kind reason)
{
    // its own reply tells nothing: the step's outcome does
    state_->post({{"op", "stop"}, {"target", request}, {"reason", static_cast<int>(reason)}},
                 {},
                 {.fulfil = [](const json&) {}, .fail = [](const Error&) {}});
}

std::future<TreeStats> Chamber::unpack(const std::string& tree,
                                       const std::vector<std::string>& lowers,
                                       int input,
                                       std::uint64_t most_bytes)
{
    return state_->ask(
        {{"op", "unpack"}, {"tree", tree}, {"lowers", lowers}, {"most_bytes", most_bytes}},
        {input},
        &tree_stats_from_json);
}

std::future<TreeStats> Chamber::receive(const ReceiveOptions& options, int input)
{
    return state_->ask(
        {{"op", "receive"}, {"options", to_json(options)}}, {input}, &tree_stats_from_json);
}

std::future<TreeStats> Chamber::collect(const CollectOptions& options, int output)
{
    return state_->ask(
        {{"op", "collect"}, {"options", to_json(options)}}, {output}, &tree_stats_from_json);
}

std::future<TreeStats> Chamber::freeze(const std::string& tree, std::int64_t epoch)
{
    return state_->ask(
        {{"op", "freeze"}, {"tree", tree}, {"epoch", epoch}}, {}, &tree_stats_from_json);
}

std::future<TreeStats> Chamber::pack(const std::string& tree, std::int64_t epoch, int output)
{
    return state_->ask(
        {{"op", "pack"}, {"tree", tree}, {"epoch", epoch}}, {output}, &tree_stats_from_json);
}

std::future<void> Chamber::remove(const std::vector<std::string>& trees)
{
    return state_->ask<void>({{"op", "remove"}, {"trees", trees}}, {}, nullptr);
}

json describe_cells(const std::filesystem::path& program)
{
    return json::parse(run_program({.path = program, .arguments = {kDescribeMode}}));
}

json check_host(const std::filesystem::path& program,
                int trees,
                const std::optional<SubordinateIds>& ids)
{
    std::vector<std::string> arguments = {kCheckMode};
    if (ids) {
        hand_over_trees({.trees = trees, .ids = *ids});
        if (::geteuid() == 0) {
            arguments.push_back(std::to_string(ids->users.first));
            arguments.push_back(std::to_string(ids->groups.first));
        }
    }
    return json::parse(
        run_program({.path = program, .arguments = arguments, .descriptors = {{kTreesFd, trees}}}));
}

TreeStats extract_as_caller(const std::filesystem::path& program, int input, int destination)
{
    const std::string answer =
        run_program({.path = program,
                     .arguments = {kExtractMode},
                     .descriptors = {{kChannelFd, input}, {kTreesFd, destination}}});
    const json message = json::parse(answer, nullptr, false);
    if (!message.is_object() || !message.contains("result")) throw error_from_json(answer);
    return tree_stats_from_json(message["result"]);
}

} // namespace caisson::sandbox
