#include "tests/escape/probed_build.hh"

#include "tests/support/paths.hh"

#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

constexpr const char* kFound = "/found.jsonl";

/// In the exec form: the probe is the step's own process, as a hostile program would be.
std::string dockerfile(const std::vector<std::string>& options)
{
    std::vector<std::string> words = {"/probe", "--token", "THE_TOKEN", "--output", kFound};
    words.insert(words.end(), options.begin(), options.end());
    const nlohmann::json command = words;
    return "FROM scratch\nCOPY probe /probe\nCOPY keep /tmp/\nRUN " + command.dump() +
           "\nFROM scratch\nCOPY --from=0 " + kFound + " /\n";
}

std::string quoted(const std::string& text)
{
    return "'" + text + "'";
}

} // namespace

ProbedBuild probe_in_build(const Workspace& work,
                           const std::vector<std::string>& options,
                           const std::vector<std::string>& build_options)
{
    std::filesystem::copy_file(checkout::probe(),
                               work.context() / "probe",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::remove_all(work.path("found")); // of an earlier build
    work.write("keep", "");
    work.write("Dockerfile.in", dockerfile(options));
    const std::string context = work.context();
    std::string line = "sed s/THE_TOKEN/@token/ " + quoted(context + "/Dockerfile.in") + " >" +
                       quoted(context + "/Dockerfile") + " && exec " +
                       quoted(checkout::bin() / "caisson") + " build --no-cache -o " +
                       quoted("type=local,dest=" + work.path("found").native());
    for (const std::string& option : build_options)
        line += " " + quoted(option);
    line += " " + quoted(context);

    ProbedBuild probed;
    probed.build =
        run(checkout::probe(), {"--bait", "--", "/bin/sh", "-c", line}, work.environment());
    const std::filesystem::path found = work.path("found") / (kFound + 1);
    if (probed.build.exit == 0) probed.lines = parse_probe_lines(read_file(found, 1U << 22U));
    return probed;
}

} // namespace caisson::testing
