// The life of a build, top to bottom. Each part is a room of its own; this file is the order.
#include "runner/job/job.hh"

#include "attest/provenance.hh"
#include "attest/signer/client.hh"
#include "policies/narrow.hh"
#include "policies/policy.hh"
#include "runner/job/build_plan.hh"
#include "runner/job/holders.hh"
#include "runner/job/interrupt.hh"
#include "runner/job/metadata.hh"
#include "runner/job/outputs.hh"
#include "runner/job/posture_check.hh"
#include "runner/job/programs.hh"
#include "runner/job/record.hh"
#include "runner/job/solve.hh"
#include "runner/job/sources.hh"
#include "sandbox/base/program.hh"
#include "sandbox/features.hh"

#include <ctime>

namespace caisson::runner {
namespace {

/// The image's configuration as it is known now: layers, and which lines of its history made one.
ImageConfig finish_config(const Graph& graph,
                          const Solved& solved,
                          const std::vector<Layer>& layers,
                          std::int64_t epoch)
{
    ImageConfig config = graph.config;
    config.created = rfc3339(epoch);
    config.diff_ids.clear();
    for (const Layer& layer : layers)
        config.diff_ids.push_back(layer.diff_id);
    config.history.clear();
    for (const HistoryLine& line : graph.history) {
        config.history.push_back(line.history);
        if (line.node) config.history.back().empty_layer = !solved.has_layer[*line.node];
    }
    return config;
}

class Build {
public:
    Build(const BuildRequest& request, Progress& progress)
        : request_(request)
        , progress_(progress)
        , store_(Store::open(request.store))
        , site_(*store_)
    {}

    void run()
    try {
        const std::int64_t started = std::time(nullptr);
        check_outputs(request_);
        attest::SignerClient signer = attest::SignerClient::start(
            {.program = own_directory() / "caisson-signer", .key = request_.key});
        const policies::Policy policy =
            policies::narrow(policies::load_policy(request_.policy), {});
        const attest::Digest policy_digest = attest::Digest::of(policy.canonical_json);
        // From here on the policy is fixed; everything below is checked against it.

        const Sources sources = read_sources(request_);
        const BuildPlan build = plan_build(request_, policy, sources, *store_, progress_);
        // From here on every input is known by its digest, and every step by its plan.

        const bool in_memory = place_trees(policy, build);
        const std::vector<attest::Material> programs = program_digests(*store_);
        const Posture posture = try_walls(policy, programs);
        // From here on the walls are known to hold: steps may run.

        // a key that can not be used stops the build here, not after an hour
        progress_.result("signer", signer.key_id());
        const std::string invocation = new_invocation();
        work(policy, policy_digest, sources, build, invocation);
        // From here on no step runs: what follows is made of what the runner itself saw and hashed.

        const std::vector<Layer> layers = solved_.layers();
        const ImageConfig config = finish_config(build.graph, solved_, layers, build.epoch);
        const Descriptor manifest = store_image(*store_, config, layers);
        const attest::Digest config_digest = attest::Digest::of(to_json_text(config));
        const attest::BuildRecord record =
            make_record({.request = request_,
                         .policy = policy,
                         .policy_digest = policy_digest,
                         .graph = build.graph,
                         .bases = build.bases,
                         .context = sources.context,
                         .dockerfile = sources.dockerfile_digest,
                         .target = build.stages.back().name,
                         .filter = build.filter,
                         .i386_filter = build.i386 ? build.i386->filter.digest : "",
                         .plan = build.plan,
                         .solved = solved_,
                         .manifest = manifest,
                         .config = config_digest,
                         .programs = programs,
                         .posture = posture,
                         .trees_in_memory = in_memory,
                         .invocation = invocation,
                         .epoch = build.epoch,
                         .started = started,
                         .finished = std::time(nullptr)},
                        *store_);
        deliver(manifest, config_digest, prove(record, signer));
        tell(policy, manifest);
        // the image is out, so nothing from here on makes the build one that failed: what a chamber
        // that is killed now leaves is swept by the next build
        site_.abandon();
    } catch (Error& error) {
        fail(error);
        throw;
    }

private:
    /// Whether trees are kept in memory; from here on they are shared and checked by the policy,
    /// and the chamber leaves to cells what they are given.
    bool place_trees(const policies::Policy& policy, const BuildPlan& build)
    {
        const bool in_memory = sandbox::trees_lie_in_memory(store_->trees());
        if (in_memory)
            progress_.warning("the store lies on overlayfs: trees are kept in memory, and only "
                              "layers are cached");
        site_.govern(policy, build.epoch);
        site_.expect_i386(build.i386.has_value());
        return in_memory;
    }

    Posture try_walls(const policies::Policy& policy, const std::vector<attest::Material>& programs)
    {
        const auto cache = request_.no_cache ? PostureCache::kIgnore : PostureCache::kUse;
        return check_posture(site_, policy, programs, cache);
    }

    /// Runs the steps.
    void work(const policies::Policy& policy,
              const attest::Digest& policy_digest,
              const Sources& sources,
              const BuildPlan& build,
              const std::string& invocation)
    {
        solve({.graph = build.graph,
               .bases = build.bases,
               .context = sources.context,
               .site = site_,
               .progress = progress_,
               .keys = {.policy = policy_digest.text(),
                        .epoch = build.epoch,
                        .architecture = build.graph.config.architecture},
               .filter = build.filter.program.get(),
               .i386_filter = build.i386 ? build.i386->filter.program.get() : -1,
               .invocation = invocation,
               .deadline = std::chrono::steady_clock::now() + policy.limits.build_time,
               .build_time = policy.limits.build_time,
               .no_cache = request_.no_cache},
              solved_);
    }

    static attest::Signed prove(const attest::BuildRecord& record, attest::SignerClient& signer)
    {
        Interrupt::check();
        return in_context("sign the provenance", [&] {
            return signer.sign(attest::make_provenance(record), record.builder_id);
        });
    }

    /// Image and attestation appear together.
    void
    deliver(const Descriptor& manifest, const attest::Digest& config, const attest::Signed& proof)
    {
        const attest::Digest bundle = store_->put_blob(proof.bundle);
        hand_out(request_,
                 {.manifest = manifest,
                  .bundle_digest = bundle,
                  .bundle = proof.bundle,
                  .layers = solved_.target},
                 site_,
                 progress_);
        write_metadata(request_,
                       {.steps = solved_.steps,
                        .manifest = manifest,
                        .config = config.text(),
                        .provenance = bundle.text()});
    }

    void tell_of_limits()
    {
        if (!site_.has_chamber() || solved_.plans.empty()) return;
        const auto held = holder_words(site_.holders());
        for (const auto& [limit, word] : held)
            if (word == sandbox::holder_word(sandbox::Holder::kNobody))
                progress_.warning("nobody holds limits." + limit + " on this host");
        progress_.result("limits", holder_text(held));
    }

    void tell(const policies::Policy& policy, const Descriptor& manifest)
    {
        tell_of_limits();
        if (!solved_.plans.empty() && policy.network == "none")
            progress_.result("network",
                             "none but loopback: the policy \"" + policy.name +
                                 "\" gives steps no network");
        progress_.result("digest", manifest.digest.text());
    }

    /// A build that fails leaves its finished steps in the cache, its metadata, and nothing else.
    void fail(Error& error)
    {
        // whatever else went wrong after a Ctrl-C went wrong because of it
        if (Interrupt::requested()) error.set_kind(ErrorKind::kInterrupted);
        const auto* step = dynamic_cast<const StepError*>(&error);
        if (step != nullptr && step->outcome().kind == sandbox::Outcome::Kind::kExited &&
            speaks_of_network(step->message()))
            error.set_hint("steps have no network but loopback: the policy gives them none");
        solved_.target.clear();
        site_.abandon();
        write_metadata(request_, {.steps = solved_.steps, .failed = step});
    }

    const BuildRequest& request_;
    Progress& progress_;
    std::unique_ptr<Store> store_;
    Site site_;
    Solved solved_;
};

} // namespace

void build(const BuildRequest& request, Progress& progress)
{
    Build(request, progress).run();
}

} // namespace caisson::runner
