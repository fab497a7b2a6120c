#include "runner/job/step_output.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <array>
#include <cerrno>
#include <poll.h>

namespace caisson::runner {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr std::size_t kMaxLine = 8192; // a longer one is shown in pieces

} // namespace

StepOutput::StepOutput(Progress& progress,
                       std::size_t step,
                       std::uint64_t limit,
                       std::function<void()> too_much)
    : progress_(progress)
    , step_(step)
    , left_(limit)
    , too_much_(std::move(too_much))
{
    std::tie(streams_[0].pipe, output_) = make_pipe();
    std::tie(streams_[1].pipe, errors_) = make_pipe();
}

StepOutput::~StepOutput()
{
    release();
    if (thread_.joinable()) thread_.join();
}

void StepOutput::release()
{
    output_.reset();
    errors_.reset();
}

void StepOutput::start()
{
    started_ = std::chrono::steady_clock::now();
    thread_ = std::thread([this] { pump(); });
}

std::string StepOutput::finish()
{
    release();
    if (thread_.joinable()) thread_.join();
    std::string tail;
    for (const std::string& text : tail_)
        tail += text + "\n";
    return tail;
}

void StepOutput::pump()
{
    std::array<char, 65536>
        buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): only what was read is used
    std::array<pollfd, 2> waiting = {
        {{streams_[0].pipe.get(), POLLIN, 0}, {streams_[1].pipe.get(), POLLIN, 0}}};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        if (::poll(waiting.data(), waiting.size(), -1) < 0) continue; // EINTR
        for (std::size_t index = 0; index < 2; ++index) {
            if (waiting[index].fd < 0 || waiting[index].revents == 0) continue;
            const ssize_t got = ::read(waiting[index].fd, buffer.data(), buffer.size());
            if (got > 0)
                take(streams_[index], {buffer.data(), static_cast<std::size_t>(got)});
            else if (got == 0 || errno != EINTR)
                waiting[index].fd = -1;
        }
    }
    for (Stream& stream : streams_)
        if (!stream.partial.empty()) line(stream.partial);
}

void StepOutput::take(Stream& stream, std::string_view bytes)
{
    if (bytes.size() > left_) {
        bytes = bytes.substr(0, left_);
        if (const auto too_much = std::exchange(too_much_, {})) too_much();
    }
    left_ -= bytes.size();
    for (;;) {
        const std::size_t end = bytes.find('\n');
        stream.partial.append(bytes.substr(0, end));
        if (end == std::string_view::npos && stream.partial.size() < kMaxLine) return;
        line(stream.partial);
        stream.partial.clear();
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
    }
}

void StepOutput::line(std::string_view text)
{
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - started_;
    progress_.step_output(step_, since.count(), text);
    tail_.push_back(escape_output(text));
    if (tail_.size() > kTailLines) tail_.pop_front();
}

} // namespace caisson::runner
