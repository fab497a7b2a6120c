#include "runner/job/relay.hh"

#include "runner/progress/progress.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

constexpr std::size_t kPart = 65536;
constexpr std::size_t kMaxLine = 8192; ///< a longer one reaches a terminal in pieces

/// Writes all of it; the error number where that fails.
std::optional<int> write_out(int target, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t put = ::write(target, bytes.data(), bytes.size());
        if (put < 0 && errno == EAGAIN) { // somebody else's flag on a shared description
            pollfd ready = {target, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (put < 0 && errno != EINTR) {
            return errno;
        } else if (put > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
    }
    return std::nullopt;
}

} // namespace

Relay::Relay(const Options& options)
    : left_(options.limit)
    , input_(options.input)
{
    std::tie(streams_[0].pipe, cell_output_) = make_pipe();
    std::tie(streams_[1].pipe, cell_errors_) = make_pipe();
    streams_[0].target = options.output;
    streams_[1].target = options.errors;
    for (Stream& stream : streams_)
        stream.escaped = ::isatty(stream.target) == 1;
    if (input_ < 0) return;
    std::tie(cell_input_, to_cell_) = make_pipe();
    // a command that does not read must not keep us from its output
    if (::fcntl(to_cell_.get(), F_SETFL, O_NONBLOCK) != 0) throw SysError(errno, "fcntl(F_SETFL)");
}

Relay::~Relay()
{
    cell_output_.reset();
    cell_errors_.reset();
    if (thread_.joinable()) thread_.join();
}

sandbox::StepPipes Relay::pipes() const
{
    return {.output = cell_output_.get(), .errors = cell_errors_.get(), .input = cell_input_.get()};
}

void Relay::start(std::function<void(sandbox::Outcome::Kind)> stop)
{
    cell_output_.reset(); // or the end would never be seen
    cell_errors_.reset();
    cell_input_.reset();
    stop_ = std::move(stop);
    thread_ = std::thread([this] { pump(); });
}

void Relay::finish()
{
    if (thread_.joinable()) thread_.join();
    if (failure_) throw SysError(*failure_, "write what the command printed");
}

void Relay::pump()
{
    while (streams_[0].pipe || streams_[1].pipe) {
        const bool hungry = input_ >= 0 && waiting_.empty();
        std::array<pollfd, 4> watched = {
            {{streams_[0].pipe.get(), POLLIN, 0},
             {streams_[1].pipe.get(), POLLIN, 0},
             {hungry ? input_ : -1, POLLIN, 0},
             // watched with nothing to write, too: a command that closes its input wants no more
             {to_cell_.get(), static_cast<short>(waiting_.empty() ? 0 : POLLOUT), 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) continue; // EINTR
        for (std::size_t index = 0; index < 2; ++index)
            if (watched[index].revents != 0) take(streams_[index]);
        if (watched[2].revents != 0) read_input();
        if (watched[3].revents != 0) feed();
    }
    to_cell_.reset();
}

void Relay::take(Stream& stream)
{
    std::array<char, kPart> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::read(stream.pipe.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return end(stream);
    std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (bytes.size() > left_) {
        bytes = bytes.substr(0, left_);
        if (const auto stop = std::exchange(stop_, {}))
            stop(sandbox::Outcome::Kind::kTooMuchOutput);
    }
    left_ -= bytes.size();
    put(stream, bytes);
}

void Relay::put(Stream& stream, std::string_view bytes)
{
    std::string lines;
    if (stream.escaped) {
        for (std::size_t end = bytes.find('\n'); end != std::string_view::npos;
             end = bytes.find('\n')) {
            lines += escape_output(stream.partial.append(bytes.substr(0, end))) + "\n";
            stream.partial.clear();
            bytes.remove_prefix(end + 1);
        }
        stream.partial += bytes;
        if (stream.partial.size() > kMaxLine)
            lines += escape_output(std::exchange(stream.partial, {})) + "\n";
        bytes = lines;
    }
    const auto failure = write_out(stream.target, bytes);
    if (!failure) return;
    // its reader is gone: so is the command's, which learns it as it would from any other pipe
    if (*failure != EPIPE) failure_ = failure;
    stream.partial.clear();
    stream.pipe.reset();
}

void Relay::end(Stream& stream)
{
    if (!stream.partial.empty())
        (void)write_out(stream.target, escape_output(stream.partial) + "\n");
    stream.pipe.reset();
}

void Relay::read_input()
{
    waiting_.resize(kPart);
    const ssize_t got = ::read(input_, waiting_.data(), waiting_.size());
    const int number = errno;
    waiting_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got > 0 || (got < 0 && (number == EINTR || number == EAGAIN))) return;
    input_ = -1;
    to_cell_.reset();
}

void Relay::feed()
{
    const ssize_t put = ::write(to_cell_.get(), waiting_.data(), waiting_.size());
    const int number = errno;
    if (put >= 0 && !waiting_.empty()) {
        waiting_.erase(0, static_cast<std::size_t>(put));
        return;
    }
    if (put < 0 && (number == EINTR || number == EAGAIN)) return;
    input_ = -1; // the command has closed it
    waiting_.clear();
    to_cell_.reset();
}

int input_for_cell()
{
    struct stat status = {};
    return ::fstat(STDIN_FILENO, &status) != 0 || ::isatty(STDIN_FILENO) == 1 ? -1 : STDIN_FILENO;
}

} // namespace caisson::runner
