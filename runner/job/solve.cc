#include "runner/job/solve.hh"

#include "runner/job/interrupt.hh"
#include "runner/job/step_error.hh"
#include "runner/job/steps.hh"

#include <algorithm>
#include <chrono>

namespace caisson::runner {
namespace {

/// A node that is done: what it is called in keys, and the layers up to it.
struct NodeState {
    attest::Digest key;
    LayerStack stack;
};

std::shared_future<Layer> ready(Layer layer)
{
    std::promise<Layer> promise;
    promise.set_value(std::move(layer));
    return promise.get_future().share();
}

class Solver {
public:
    Solver(const SolveInput& input, Solved& solved)
        : in_(input)
        , out_(solved)
        , packer_(input.site)
    {}

    void solve_all()
    {
        out_.has_layer.assign(in_.graph.nodes.size(), false);
        for (NodeId id = 0; id < in_.graph.nodes.size(); ++id) {
            Interrupt::check();
            const Node& node = in_.graph.nodes[id];
            states_.push_back(std::holds_alternative<BaseOp>(node.op) ? solve_base(node)
                                                                      : solve_step(id, node));
        }
        out_.target = states_[in_.graph.target].stack;
        // what is still being packed may still fail: no image is made of it before that is known
        for (const auto& [index, layer] : packed_steps_)
            layer.get();
    }

private:
    NodeState solve_base(const Node& node)
    {
        NodeState state;
        attest::Digest chain;
        const std::string& image = std::get<BaseOp>(node.op).image;
        if (image != "scratch") {
            const std::vector<Layer>& layers = in_.bases.at(image).layers;
            for (const Layer& layer : layers)
                chain = next_chain(chain, layer.blob.digest);
            state.stack = stack_of(layers);
        }
        state.key = key_of(node, {}, chain.empty() ? "" : chain.text(), in_.keys);
        return state;
    }

    NodeState solve_step(NodeId id, const Node& node)
    {
        const std::size_t number = ++step_;
        std::optional<Context::Selection> selection;
        if (const auto* copy = std::get_if<CopyOp>(&node.op);
            copy != nullptr && !copy->from_node && !copy->sources.empty())
            selection = in_context(node.where, [&] { return in_.context.select(copy->sources); });
        std::vector<attest::Digest> inputs;
        for (const NodeId input : node.inputs)
            inputs.push_back(states_[input].key);
        NodeState state{
            .key = key_of(node, inputs, selection ? selection->digest.text() : "", in_.keys),
            .stack = states_[node.inputs[0]].stack};

        attest::Digest plan;
        if (const auto* run = std::get_if<RunOp>(&node.op)) {
            out_.plans.push_back(plan_document(run->plan));
            plan = attest::Digest::of(out_.plans.back());
        }
        auto entry = in_.no_cache ? std::nullopt : in_.site.store().find_step(state.key);
        if (entry)
            take_from_cache(id, number, node, state, std::move(*entry));
        else
            in_context(node.where, [&] { execute(id, number, node, state, plan, selection); });
        return state;
    }

    void take_from_cache(
        NodeId id, std::size_t number, const Node& node, NodeState& state, StepEntry entry)
    {
        in_.progress.step_cached(number, node.name);
        entry.evidence.cached = true;
        entry.evidence.stage = node.stage; // the same step under another name is the same step
        out_.steps.push_back(std::move(entry.evidence));
        if (!entry.layer) return;
        out_.has_layer[id] = true;
        state.stack.push_back(std::make_shared<LayerSlot>(
            LayerSlot{.tree = in_.site.store().has_tree(entry.tree) ? entry.tree : "",
                      .layer = ready(std::move(*entry.layer))}));
    }

    [[nodiscard]] int filter_for(const Node& node) const
    {
        const auto* run = std::get_if<RunOp>(&node.op);
        return run != nullptr && run->plan.architecture == sandbox::Architecture::kI386
                   ? in_.i386_filter
                   : in_.filter;
    }

    void execute(NodeId id,
                 std::size_t number,
                 const Node& node,
                 NodeState& state,
                 const attest::Digest& plan,
                 const std::optional<Context::Selection>& selection)
    {
        in_.progress.step_started(number, node.name);
        const auto started = std::chrono::steady_clock::now();
        StepInput step{.site = in_.site,
                       .progress = in_.progress,
                       .context = in_.context,
                       .number = number,
                       .filter = filter_for(node),
                       .epoch = in_.keys.epoch,
                       .deadline = in_.deadline,
                       .build_time = in_.build_time};
        step.lowers = in_.site.trees_of(state.stack);
        if (node.inputs.size() > 1) step.source = in_.site.trees_of(states_[node.inputs[1]].stack);
        step.tree = in_.site.new_tree();
        StepEntry entry{.evidence = {.name = node.name,
                                     .stage = node.stage,
                                     .key = state.key,
                                     .plan = plan,
                                     .origin_invocation = in_.invocation,
                                     .verdict = "exited"}};
        if (const auto* run = std::get_if<RunOp>(&node.op)) {
            entry.evidence.seccomp = run->plan.seccomp_digest;
            entry.output_tail = run_step(step, *run, entry.evidence);
        } else if (const auto* copy = std::get_if<CopyOp>(&node.op)) {
            copy_step(step, *copy, selection);
        } else {
            directory_step(step, std::get<DirectoryOp>(node.op));
        }
        entry.evidence.lowers_verified = in_context("verify the layers below", [&] {
            if (node.inputs.size() > 1) in_.site.verify(states_[node.inputs[1]].stack);
            return in_.site.verify(state.stack);
        });
        const sandbox::TreeStats frozen =
            in_.site.chamber().freeze(step.tree, in_.keys.epoch).get();
        in_.site.take_disk(frozen.disk_bytes);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
        entry.evidence.seconds = took.count();
        in_.progress.step_ended(number, took.count(), "");
        out_.steps.push_back(entry.evidence);
        commit(id, state, std::move(entry), frozen.entries == 0 ? "" : step.tree);
    }

    /// Puts a step that ended well into the cache: at once where it changed nothing, else when its
    /// layer is packed.
    void commit(NodeId id, NodeState& state, StepEntry entry, const std::string& tree)
    {
        if (tree.empty()) {
            in_.site.store().put_step(state.key, entry);
            return;
        }
        out_.has_layer[id] = true;
        entry.tree = tree;
        const std::size_t index = out_.steps.size() - 1;
        const auto then = [&site = in_.site, key = state.key, entry = std::move(entry)](
                              const Layer& layer) mutable {
            entry.layer = layer;
            entry.evidence.layer = layer.diff_id;
            site.store().put_step(key, entry);
            site.keep(entry.tree); // from here on the entry owns it
        };
        const std::shared_future<Layer> layer = packer_.pack(tree, in_.keys.epoch, then);
        state.stack.push_back(std::make_shared<LayerSlot>(LayerSlot{.tree = tree, .layer = layer}));
        packed_steps_.emplace_back(index, layer);
    }

public:
    /// The layers of steps that ran are known only once they are packed.
    void fill_in_layers()
    {
        for (const auto& [index, layer] : packed_steps_)
            out_.steps[index].layer = layer.get().diff_id;
    }

private:
    const SolveInput& in_;
    Solved& out_;
    std::vector<NodeState> states_;
    std::size_t step_ = 0;
    std::vector<std::pair<std::size_t, std::shared_future<Layer>>> packed_steps_;
    Packer packer_; // last: destroyed first, which waits for the packing threads
};

} // namespace

std::vector<Layer> Solved::layers() const
{
    std::vector<Layer> layers;
    for (const auto& slot : target)
        layers.push_back(slot->layer.get());
    return layers;
}

void solve(const SolveInput& input, Solved& solved)
{
    Solver solver(input, solved);
    solver.solve_all();
    solver.fill_in_layers();
}

} // namespace caisson::runner
