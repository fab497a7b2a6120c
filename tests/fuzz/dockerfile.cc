// Any bytes as a Dockerfile: a result or an Error of kind kUsage, and every word of it through the
// expander.
#include "runner/dockerfile/expand.hh"
#include "runner/dockerfile/parser.hh"
#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace caisson;

std::optional<std::string> lookup(std::string_view name)
{
    if (name.size() % 2 == 0) return std::nullopt;
    return std::string(name) + " \"$x\" " + std::string(name);
}

template<class Action>
void run(Action action)
{
    try {
        action();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::kUsage) std::abort();
    }
}

void expand_all(const runner::Instruction& instruction, char escape)
{
    run([&] { (void)runner::expand(instruction.original, lookup, escape); });
    run([&] { (void)runner::expand_words(instruction.original, lookup, escape); });
    run([&] { (void)runner::expand_raw(instruction.original, lookup, escape); });
    if (const auto* trigger = std::get_if<runner::Onbuild>(&instruction.what))
        run([&] { (void)runner::parse_instruction(trigger->instruction, "trigger"); });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    run([&] {
        const auto file = runner::parse_dockerfile(text, "Dockerfile");
        for (const auto& stage : file.stages)
            for (const auto& instruction : stage.instructions)
                expand_all(instruction, file.escape);
    });
    run([&] { (void)runner::expand(text, lookup, '\\'); });
    return 0;
}
