#include "runner/progress/progress.hh"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

namespace caisson::runner {
namespace {

/// One write a line: the lines of several threads do not mix.
void put_line(std::string line)
{
    line += '\n';
    [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string seconds_text(double seconds)
{
    char text[32];
    const int length = std::snprintf(text, sizeof text, "%.2fs", seconds);
    return {text, static_cast<std::size_t>(length)};
}

class PlainProgress : public Progress {
public:
    void warning(std::string_view text) override { put_line("warning: " + escape_output(text)); }
    void step_started(std::size_t number, std::string_view name) override
    {
        put_line(tag(number) + escape_output(name));
    }
    void step_cached(std::size_t number, std::string_view name) override
    {
        put_line(tag(number) + escape_output(name) + " CACHED");
    }
    void step_output(std::size_t number, double seconds, std::string_view line) override
    {
        char time[32];
        const int length = std::snprintf(time, sizeof time, "%.3f ", seconds);
        put_line(tag(number) + std::string(time, static_cast<std::size_t>(length)) +
                 escape_output(line));
    }
    void step_ended(std::size_t number, double seconds, std::string_view verdict) override
    {
        put_line(tag(number) + (verdict.empty() ? "DONE" : std::string(verdict)) + " " +
                 seconds_text(seconds));
    }
    void result(std::string_view what, std::string_view value) override
    {
        put_line(std::string(what) + ": " + escape_output(value));
    }

private:
    static std::string tag(std::size_t number) { return "#" + std::to_string(number) + " "; }
};

class JsonProgress : public Progress {
public:
    void warning(std::string_view text) override { put({{"event", "warning"}, {"text", text}}); }
    void step_started(std::size_t number, std::string_view name) override
    {
        put({{"event", "step"}, {"step", number}, {"name", name}});
    }
    void step_cached(std::size_t number, std::string_view name) override
    {
        put({{"event", "cached"}, {"step", number}, {"name", name}});
    }
    void step_output(std::size_t number, double seconds, std::string_view line) override
    {
        put({{"event", "output"}, {"step", number}, {"seconds", seconds}, {"line", line}});
    }
    void step_ended(std::size_t number, double seconds, std::string_view verdict) override
    {
        put({{"event", "done"},
             {"step", number},
             {"seconds", seconds},
             {"verdict", verdict.empty() ? "exited" : verdict}});
    }
    void result(std::string_view what, std::string_view value) override
    {
        put({{"event", "result"}, {"what", what}, {"value", value}});
    }

private:
    static void put(const nlohmann::json& line)
    {
        // ASCII only: what a step printed cannot act on a terminal
        put_line(line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    }
};

class QuietProgress : public Progress {
public:
    void warning(std::string_view) override {}
    void step_started(std::size_t, std::string_view) override {}
    void step_cached(std::size_t, std::string_view) override {}
    void step_output(std::size_t, double, std::string_view) override {}
    void step_ended(std::size_t, double, std::string_view) override {}
    void result(std::string_view, std::string_view) override {}
};

} // namespace

std::unique_ptr<Progress> Progress::make(Kind kind)
{
    switch (kind) {
    case Kind::kPlain:
        return std::make_unique<PlainProgress>();
    case Kind::kJson:
        return std::make_unique<JsonProgress>();
    case Kind::kQuiet:
        break;
    }
    return std::make_unique<QuietProgress>();
}

} // namespace caisson::runner
