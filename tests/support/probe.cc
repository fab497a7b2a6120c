#include "tests/support/probe.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"

#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

namespace caisson::testing {

std::vector<ProbeLine> parse_probe_lines(const std::string& text)
{
    if (!text.empty() && text.back() != '\n')
        throw Error(ErrorKind::kInternal, "the probe's last line is cut short: " + text);
    std::vector<ProbeLine> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const nlohmann::json value = nlohmann::json::parse(line);
        lines.push_back({.id = value.at("id"),
                         .severity = value.at("severity"),
                         .result = value.at("result"),
                         .detail = value.at("detail")});
    }
    return lines;
}

std::string describe(const std::vector<ProbeLine>& lines)
{
    std::string text;
    for (const ProbeLine& line : lines)
        text += line.severity + " " + line.id + ": " + line.result + ", " + line.detail + "\n";
    return text;
}

std::vector<ProbeLine> probe_outside(const std::vector<std::string>& options)
{
    std::vector<std::string> arguments = {"--bait", "--", checkout::probe(), "--token", "@token"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return parse_probe_lines(
        run_program({.path = checkout::probe(), .arguments = arguments}, 1U << 22));
}

LaidBait::LaidBait()
{
    auto [end, keep] = make_pipe();
    auto [output, written] = make_pipe();
    // the shell's standard input is the bait's terminal: what ends it is a pipe of ours
    program_ = Program::start(
        {.path = checkout::probe(),
         .arguments = {"--bait", "--", "/bin/sh", "-c", "echo @token; read -r nothing <&9; exit 0"},
         .descriptors = {{9, end.get()}},
         .standard_output = written.get()});
    written.reset();
    char byte = 0;
    while (::read(output.get(), &byte, 1) == 1 && byte != '\n')
        token_ += byte;
    if (token_.empty()) throw Error(ErrorKind::kInternal, "no bait was laid");
    keep_ = std::move(keep);
}

LaidBait::~LaidBait()
{
    keep_.reset();
    program_->wait();
}

} // namespace caisson::testing
