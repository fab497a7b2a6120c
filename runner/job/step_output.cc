#include "runner/job/step_output.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

namespace caisson::runner {
namespace {

constexpr std::size_t kTailLines = 20;
constexpr std::size_t kTailBytes = 65536;
constexpr std::uint64_t kShown =
    2U << 20U; // as BuildKit clips it; a terminal takes longer to show it than a step to print it
constexpr std::size_t kMaxLine = 8192; // a longer one is shown in pieces

} // namespace

StepOutput::StepOutput(Progress& progress, std::size_t step, std::uint64_t limit)
    : progress_(progress)
    , step_(step)
    , left_(limit)
    , shown_left_(kShown)
{
    std::tie(streams_[0].pipe, output_) = make_pipe();
    std::tie(streams_[1].pipe, errors_) = make_pipe();
}

StepOutput::~StepOutput()
{
    output_.reset();
    errors_.reset();
    if (thread_.joinable()) thread_.join();
}

void StepOutput::start(std::function<void(sandbox::Outcome::Kind)> stop)
{
    output_.reset(); // or the end would never be seen
    errors_.reset();
    stop_ = std::move(stop);
    started_ = std::chrono::steady_clock::now();
    thread_ = std::thread([this] { pump(); });
}

std::string StepOutput::finish()
{
    if (thread_.joinable()) thread_.join();
    return last_lines();
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
        if (const auto stop = std::exchange(stop_, {}))
            stop(sandbox::Outcome::Kind::kTooMuchOutput);
    }
    left_ -= bytes.size();
    tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kTailBytes)));
    if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    if (shown_left_ == 0) return;
    const std::string_view shown = bytes.substr(0, shown_left_);
    shown_left_ -= shown.size();
    show(stream, shown);
    if (shown_left_ == 0) line("[output clipped: the rest is not shown]");
}

void StepOutput::show(Stream& stream, std::string_view bytes)
{
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
}

std::string StepOutput::last_lines() const
{
    std::string_view text = tail_;
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    std::size_t start = text.size();
    for (std::size_t lines = 0; lines < kTailLines && start != 0 && start != std::string_view::npos;
         ++lines)
        start = text.rfind('\n', start - 1);
    if (start != std::string_view::npos && start < text.size() && text[start] == '\n')
        text.remove_prefix(start + 1);
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines += escape_output(text.substr(0, end)) + "\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

} // namespace caisson::runner
