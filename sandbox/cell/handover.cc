// How the second half of a cell's set-up comes to its plan.
#include "sandbox/cell/handover.hh"

#include "sandbox/base/error.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/plan_json.hh"

#include <iterator>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::sandbox {

void send_plan(const Channel& cell, const Plan& plan, const CellDescriptors& descriptors)
{
    std::vector<int> handed = {
        descriptors.filter.get(), descriptors.output.get(), descriptors.errors.get()};
    for (const UniqueFd* optional : {&descriptors.input, &descriptors.supervisor})
        if (*optional) handed.push_back(optional->get());
    for (const UniqueFd& tasks : descriptors.groups)
        handed.push_back(tasks.get());
    const nlohmann::json text = {{"plan", to_json(plan)},
                                 {"input", static_cast<bool>(descriptors.input)},
                                 {"supervisor", static_cast<bool>(descriptors.supervisor)}};
    cell.send(text.dump(), handed);
}

void await_plan(CellSetup& setup)
{
    auto message = setup.chamber.receive();
    if (!message) ::_exit(0); // nobody needs this cell any more
    const nlohmann::json text = nlohmann::json::parse(message->text);
    setup.plan = plan_from_json(text.at("plan"));
    auto next = message->descriptors.begin();
    for (UniqueFd* handed : {&setup.filter, &setup.output, &setup.errors})
        *handed = std::move(*next++);
    if (text.at("input").get<bool>()) setup.input = std::move(*next++);
    if (text.at("supervisor").get<bool>()) setup.supervisor.emplace(std::move(*next++));
    setup.groups.assign(std::move_iterator(next), std::move_iterator(message->descriptors.end()));
    setup.chamber = Channel(UniqueFd()); // or it would be open in the cell
}

} // namespace caisson::sandbox
