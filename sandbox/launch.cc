// The runner's side of the chamber: starts it, maps its ids, sends requests, and hands each reply
// to whoever waits for it.
#include "sandbox/launch.hh"

#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/program.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/features.hh"
#include "sandbox/map_ids.hh"
#include "sandbox/messages.hh"
#include "sandbox/plan_json.hh"
#include "sandbox/sys/path.hh"

#include <functional>
#include <linux/magic.h>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sys/vfs.h>
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

Error ended_unexpectedly(const std::string& last_words)
{
    return {ErrorKind::kHost,
            last_words.empty() ? "the chamber ended unexpectedly"
                               : error_from_json(last_words).message(),
            "was it killed, or is the host short of memory?"};
}

/// Who owns the directory of trees: the one thing of the host that the chamber writes to.
void hand_over_trees(const ChamberOptions& options)
{
    if (::geteuid() == 0) {
        sys::fchown(options.trees, options.ids.users.first, options.ids.groups.first);
        return sys::fchmod(options.trees, 0700);
    }
    // nobody but the chamber gets here: the store around it is closed (0700)
    sys::fchmod(options.trees, 0777);
}

Program start_program(const ChamberOptions& options, int channel)
{
    std::vector<std::string> arguments = {kServeMode};
    if (::geteuid() == 0) {
        arguments.push_back(std::to_string(options.ids.users.first));
        arguments.push_back(std::to_string(options.ids.groups.first));
    }
    return Program::start({.path = options.program,
                           .arguments = arguments,
                           .descriptors = {{kChannelFd, channel}, {kTreesFd, options.trees}},
                           .standard_error = -1});
}

/// Hands over the host paths; tells of each whether its owners are seen inside.
///
/// As root: as mounts that are made here, since mapping owners needs privilege over the file
/// system. But never the owners of a writable one: with host root among them, the step could leave
/// a file there that is setuid root for the host. As a user: as they are, for the chamber to find
/// them again from its mount namespace while it still has this user's rights and no others.
std::vector<bool>
hand_over_host_paths(const ChamberOptions& options, const Channel& channel, pid_t chamber)
{
    std::vector<bool> owners;
    for (const HostPath& host : options.host_paths) {
        UniqueFd mount;
        if (::geteuid() == 0) mount = clone_host_path(host);
        owners.push_back(mount && !host.writable && show_owners(mount.get(), chamber));
        channel.send(to_json(host).dump(), {mount ? mount.get() : host.path});
    }
    return owners;
}

/// The chamber's next word must be `expected`; anything else is its error, which is this host's.
void expect(const Channel& chamber, std::string_view expected, const std::string& hint)
{
    const auto message = chamber.receive();
    if (message && message->text == expected) return;
    Error error = message ? error_from_json(message->text) : ended_unexpectedly({});
    error.set_kind(ErrorKind::kHost);
    if (error.hint().empty()) error.set_hint(hint);
    throw Error(error);
}

} // namespace

struct Chamber::State {
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

bool trees_lie_in_memory(int trees)
{
    struct statfs status = {};
    if (::fstatfs(trees, &status) != 0) throw SysError(errno, "fstatfs");
    return status.f_type == OVERLAYFS_SUPER_MAGIC;
}

std::unique_ptr<Chamber> Chamber::start(const ChamberOptions& options)
{
    return in_context("start the chamber", [&] {
        hand_over_trees(options);
        auto [channel, theirs] = Channel::make_pair();
        Program program = start_program(options, theirs.get());
        theirs.reset(); // or its end would never be seen
        expect(channel, kUnshared, user_namespace_hint());
        in_context("map ids", [&] { map_ids(program.pid(), options.ids); });
        std::vector<bool> owners = hand_over_host_paths(options, channel, program.pid());
        channel.send(kMapped);
        expect(channel, kReady, user_namespace_hint());
        auto state = std::make_unique<State>(std::move(channel), std::move(program));
        state->owners = std::move(owners);
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
    const auto promise = std::make_shared<std::promise<Outcome>>();
    Running running;
    running.outcome = promise->get_future();
    running.request = state_->post({{"op", "run"}, {"plan", to_json(plan)}},
                                   descriptors,
                                   pending_for(promise, &outcome_from_json));
    return running;
}

void Chamber::stop(std::uint64_t request, Outcome::Kind reason)
{
    // its own reply tells nothing: the step's outcome does
    state_->post({{"op", "stop"}, {"target", request}, {"reason", static_cast<int>(reason)}},
                 {},
                 {.fulfil = [](const json&) {}, .fail = [](const Error&) {}});
}

std::future<TreeStats>
Chamber::unpack(const std::string& tree, const std::vector<std::string>& lowers, int input)
{
    return state_->ask(
        {{"op", "unpack"}, {"tree", tree}, {"lowers", lowers}}, {input}, &tree_stats_from_json);
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
