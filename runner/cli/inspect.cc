#include "attest/inspect.hh"

#include "runner/cli/command.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

namespace caisson::runner {

Action add_inspect(CLI::App& app)
{
    constexpr std::size_t kMaxFile = 64U << 20;
    const auto file = std::make_shared<std::string>();
    app.add_option("FILE", *file, "A bundle (.sigstore.json), a DSSE envelope or a statement")
        ->required();
    return [file] {
        const std::string page = in_context("inspect \"" + *file + "\"", [&] {
            return attest::describe(read_file(*file, kMaxFile));
        });
        (void)std::fputs(page.c_str(), stdout);
        return 0;
    };
}

} // namespace caisson::runner
