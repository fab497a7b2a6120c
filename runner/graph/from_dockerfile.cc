#include "runner/graph/from_dockerfile.hh"

#include "runner/graph/stage_builder.hh"

namespace caisson::runner {

Graph compile(const CompileInput& input)
{
    Graph graph;
    std::map<std::size_t, StageState> done;
    for (const NeededStage& stage : input.stages) {
        // a base image that only a COPY --from names has no stage of its own
        if (!stage.base.stage)
            graph.base_of_stage[stage.name] =
                stage.base.image == "scratch" ? stage.base.image : base_key(stage.base);
        StageState state = StageBuilder(input, stage, done, graph).build();
        graph.target = state.tip;
        graph.config = state.config;
        graph.history = state.history;
        done.emplace(stage.index, std::move(state));
    }
    for (const std::string& name : input.args.unused())
        graph.warnings.push_back("build argument \"" + name +
                                 "\" is not used: no ARG of that name in what was built");
    return graph;
}

} // namespace caisson::runner
