// The chamber's loop. It parses nothing but the runner's messages: each archive is read by a worker
// (chamber/worker.hh), each step runs in a cell (cell/cell.hh), and what those send back is read
// with the same distrust.
#include "sandbox/chamber/serve.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/chamber/cells.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/chamber/worker.hh"
#include "sandbox/messages.hh"
#include "sandbox/plan_json.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <list>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestResult = 1U << 18; ///< of a worker

struct Request {
    std::uint64_t id = 0;
    json body;
    std::vector<UniqueFd> descriptors;
    std::size_t taken = 0;

    /// The next of them.
    [[nodiscard]] UniqueFd take_descriptor()
    {
        if (taken >= descriptors.size())
            throw Error(ErrorKind::kInternal, "a request came without its descriptor");
        return std::move(descriptors[taken++]);
    }
};

struct RunningWorker {
    std::uint64_t request = 0;
    Worker worker;
    std::string result;
};

class Server {
public:
    Server(const Channel& runner, int trees)
        : runner_(runner)
        , trees_(trees)
        , cells_(trees)
    {}

    /// One turn: waits for something to happen and answers it. False when the runner is gone.
    bool turn();

private:
    // the operations, by name in kOperations
    void run(Request& request);
    void stop(Request& request);
    void unpack(Request& request);
    void receive(Request& request);
    void collect(Request& request);
    void freeze(Request& request);
    void pack(Request& request);
    void remove(Request& request);

    struct Operation {
        std::string_view name;
        void (Server::*start)(Request&);
    };
    static const std::array<Operation, 8> kOperations;

    bool accept_request();
    void start(Request& request);
    void work(const Request& request,
              const WorkerView& view,
              int stream,
              const std::function<std::string(int root, int stream)>& body);
    void reply(std::uint64_t request, const json& result) const;
    void reply_error(std::uint64_t request, const Error& error) const;
    template<class Action>
    bool answering(std::uint64_t request, Action&& action) const;

    void read_worker(std::list<RunningWorker>::iterator running);
    void finish_worker(RunningWorker& running) const;

    const Channel& runner_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    int trees_;
    Cells cells_;
    std::list<RunningWorker> workers_;
};

constexpr std::array<Server::Operation, 8> Server::kOperations = {{
    {"run", &Server::run},
    {"stop", &Server::stop},
    {"unpack", &Server::unpack},
    {"receive", &Server::receive},
    {"collect", &Server::collect},
    {"freeze", &Server::freeze},
    {"pack", &Server::pack},
    {"remove", &Server::remove},
}};

// --- the loop ---

bool Server::turn()
{
    cells_.prepare_ahead();
    std::vector<pollfd> watched = {{runner_.fd(), POLLIN, 0}};
    cells_.watch(watched);
    for (const RunningWorker& running : workers_)
        watched.push_back({running.worker.result.get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), cells_.milliseconds_left()) < 0 && errno != EINTR)
        throw SysError(errno, "poll");

    // in the order in which they were put; what is accepted below is appended to the lists later
    auto happened =
        cells_.settle(watched.cbegin() + 1, [this](std::uint64_t request, Cell&& ended) {
            answering(request, [&] { reply(request, to_json(std::move(ended).finish())); });
        });
    for (auto next = workers_.begin(); next != workers_.end();) {
        const auto running = next++;
        if ((happened++)->revents != 0) read_worker(running);
    }
    return watched.front().revents == 0 || accept_request();
}

bool Server::accept_request()
{
    auto message = runner_.receive();
    if (!message) return false;
    Request request{.body = json::parse(message->text),
                    .descriptors = std::move(message->descriptors)};
    request.id = request.body.at("id").get<std::uint64_t>();
    answering(request.id, [&] { start(request); });
    return true;
}

void Server::start(Request& request)
{
    const auto name = request.body.at("op").get<std::string>();
    const auto* const found = std::find_if(
        kOperations.begin(), kOperations.end(), [&](const auto& one) { return one.name == name; });
    if (found == kOperations.end())
        throw Error(ErrorKind::kInternal, "unknown operation \"" + name + "\"");
    (this->*found->start)(request);
}

/// An Error of one request is that request's reply, and the others go on.
template<class Action>
bool Server::answering(std::uint64_t request, Action&& action) const
{
    try {
        action();
        return true;
    } catch (const Error& error) {
        reply_error(request, error);
    } catch (const json::exception& error) {
        reply_error(request, Error(ErrorKind::kInternal, error.what()));
    }
    return false;
}

void Server::reply(std::uint64_t request, const json& result) const
{
    const json message = {{"id", request}, {"result", result}};
    runner_.send(message.dump(-1, ' ', false, json::error_handler_t::replace));
}

void Server::reply_error(std::uint64_t request, const Error& error) const
{
    runner_.send("{\"id\":" + std::to_string(request) + ",\"error\":" + error_to_json(error) + "}");
}

// --- cells ---

void Server::run(Request& request)
{
    const json& body = request.body;
    CellOrder order{.request = request.id,
                    .plan = plan_from_json(body.at("plan")),
                    .watch_memory = body.at("watch_memory"),
                    .watch_processes = body.at("watch_processes"),
                    .watch_cpu = body.at("watch_cpu")};
    for (UniqueFd* given :
         {&order.descriptors.filter, &order.descriptors.output, &order.descriptors.errors})
        *given = request.take_descriptor();
    if (body.at("input").get<bool>()) order.descriptors.input = request.take_descriptor();
    if (body.at("group").get<bool>()) order.group = request.take_descriptor();
    for (auto tasks = body.at("tasks").get<std::size_t>(); tasks > 0; --tasks)
        order.descriptors.groups.push_back(request.take_descriptor());
    const std::string& upper = order.plan.upper;
    if (!upper.empty() && !sys::fstatat(trees_, upper)) make_tree(trees_, upper);
    cells_.start(std::move(order));
}

void Server::stop(Request& request)
{
    const auto target = request.body.at("target").get<std::uint64_t>();
    const auto reason = static_cast<Outcome::Kind>(request.body.at("reason").get<int>());
    cells_.kill(target, reason);
    reply(request.id, nullptr); // also where the cell has ended meanwhile
}

// --- workers ---

void Server::work(const Request& request,
                  const WorkerView& view,
                  int stream,
                  const std::function<std::string(int root, int stream)>& body)
{
    workers_.push_back({request.id, start_worker(trees_, view, stream, body), {}});
}

void Server::read_worker(std::list<RunningWorker>::iterator running)
{
    std::array<char, 4096> part = {};
    const ssize_t got = ::read(running->worker.result.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) return;
    if (got > 0) running->result.append(part.data(), static_cast<std::size_t>(got));
    if (got > 0 && running->result.size() <= kLongestResult) return;
    answering(running->request, [&] { finish_worker(*running); });
    workers_.erase(running);
}

void Server::finish_worker(RunningWorker& running) const
{
    // it has said all it had to say; a worker that a hostile archive took over might stay
    ::kill(running.worker.pid, SIGKILL);
    const auto ended = sys::wait4(running.worker.pid);
    const bool was_killed =
        ended && WIFSIGNALED(ended->status) && WTERMSIG(ended->status) == SIGKILL;
    if (running.result.empty() && was_killed)
        throw Error(ErrorKind::kHost, "a worker was killed", "the host may be short of memory");
    json answer = json::parse(running.result, nullptr, false);
    if (answer.is_object() && answer.contains("error"))
        throw error_from_json(answer["error"].dump());
    if (!answer.is_object() || !answer.contains("result"))
        throw Error(ErrorKind::kInternal, "a worker ended without a result");
    reply(running.request, answer["result"]);
}

void Server::unpack(Request& request)
{
    const auto tree = request.body.at("tree").get<std::string>();
    const auto lowers = request.body.at("lowers").get<std::vector<std::string>>();
    const auto most_bytes = request.body.at("most_bytes").get<std::uint64_t>();
    const UniqueFd input = request.take_descriptor();
    make_tree(trees_, tree);
    work(request, {.lowers = lowers, .upper = tree}, input.get(), [=](int root, int stream) {
        return to_json(unpack_layer(root, stream, most_bytes)).dump();
    });
}

void Server::receive(Request& request)
{
    const ReceiveOptions options = receive_options_from_json(request.body.at("options"));
    const UniqueFd input = request.take_descriptor();
    if (!sys::fstatat(trees_, options.upper)) make_tree(trees_, options.upper);
    work(request,
         {.lowers = options.lowers, .upper = options.upper},
         input.get(),
         [&options](int root, int stream) {
             return to_json(receive_files(root, options, stream)).dump();
         });
}

void Server::collect(Request& request)
{
    const CollectOptions options = collect_options_from_json(request.body.at("options"));
    const UniqueFd output = request.take_descriptor();
    work(request, {.lowers = options.lowers}, output.get(), [&options](int root, int stream) {
        return to_json(collect_files(root, options, stream)).dump();
    });
}

void Server::freeze(Request& request)
{
    const auto tree = request.body.at("tree").get<std::string>();
    const auto epoch = request.body.at("epoch").get<std::int64_t>();
    remove_work(trees_, tree);
    // many a step changes no file: that is seen from here, without a worker
    if (is_empty_tree(trees_, tree)) return reply(request.id, to_json(TreeStats{}));
    work(request, {.upper = tree, .raw = true}, -1, [epoch](int root, int) {
        return to_json(freeze_tree(root, epoch)).dump();
    });
}

void Server::pack(Request& request)
{
    const auto tree = request.body.at("tree").get<std::string>();
    const auto epoch = request.body.at("epoch").get<std::int64_t>();
    const UniqueFd output = request.take_descriptor();
    work(request, {.upper = tree, .raw = true}, output.get(), [epoch](int root, int stream) {
        return to_json(pack_layer(root, epoch, stream)).dump();
    });
}

void Server::remove(Request& request)
{
    const auto trees = request.body.at("trees").get<std::vector<std::string>>();
    work(request, {.raw = true}, -1, [&trees](int root, int) {
        for (const std::string& tree : trees)
            remove_tree(root, tree);
        return std::string("null");
    });
}

} // namespace

void serve(const Channel& runner, int trees)
{
    Server server(runner, trees);
    while (server.turn()) {
    }
}

} // namespace caisson::sandbox
