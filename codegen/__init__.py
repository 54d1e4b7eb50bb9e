"""Code generation: from a quant module to C, weights and compiled products."""

from collections.abc import Callable

from xdsl.passes import ModulePass


def get_all_passes() -> dict[str, Callable[[], type[ModulePass]]]:
    """The target-dependent passes, by name, in the order in which they run."""

    def get_to_channels_last() -> type[ModulePass]:
        from qcc.codegen.to_channels_last import ToChannelsLastPass

        return ToChannelsLastPass

    def get_select_kernels() -> type[ModulePass]:
        from qcc.codegen.select_kernels import SelectKernelsPass

        return SelectKernelsPass

    def get_elide_copies() -> type[ModulePass]:
        from qcc.codegen.elide_copies import ElideCopiesPass

        return ElideCopiesPass

    def get_split_calls() -> type[ModulePass]:
        from qcc.codegen.split_calls import SplitCallsPass

        return SplitCallsPass

    def get_plan_memory() -> type[ModulePass]:
        from qcc.codegen.plan_memory import PlanMemoryPass

        return PlanMemoryPass

    return {
        "to-channels-last": get_to_channels_last,
        "select-kernels": get_select_kernels,
        "elide-copies": get_elide_copies,
        "split-calls": get_split_calls,
        "plan-memory": get_plan_memory,
    }
