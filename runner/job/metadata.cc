#include "runner/job/metadata.hh"

#include "sandbox/base/file.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {

void write_metadata(const BuildRequest& request, const Metadata& metadata)
{
    if (!request.metadata_file) return;
    nlohmann::json steps = nlohmann::json::array();
    for (const attest::StepEvidence& step : metadata.steps)
        steps.push_back({{"name", step.name},
                         {"cached", step.cached},
                         {"seconds", step.seconds},
                         {"exit", step.exit_code},
                         {"verdict", step.verdict}});
    if (metadata.failed != nullptr) {
        const sandbox::Outcome& outcome = metadata.failed->outcome();
        steps.push_back({{"name", metadata.failed->step()},
                         {"cached", false},
                         {"seconds", std::chrono::duration<double>(outcome.wall).count()},
                         {"exit", outcome.code},
                         {"verdict", verdict_word(outcome.kind)}});
        if (!outcome.limit.empty()) {
            steps.back()["limit"] = outcome.limit; // the policy's key below "limits"
            steps.back()["allowed"] = outcome.allowed;
        }
    }
    nlohmann::json json = {{"caisson.steps", steps}, {"caisson.refs", request.tags}};
    if (metadata.manifest) {
        json["caisson.digest"] = metadata.manifest->digest.text();
        json["caisson.provenance"] = metadata.provenance;
        // BuildKit's keys, so that scripts carry over
        json["containerimage.digest"] = metadata.manifest->digest.text();
        json["containerimage.config.digest"] = metadata.config;
        json["containerimage.descriptor"] = to_json(*metadata.manifest);
    }
    write_file_atomically(*request.metadata_file,
                          json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                              "\n");
}

} // namespace caisson::runner
