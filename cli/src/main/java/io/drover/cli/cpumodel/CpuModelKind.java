package io.drover.cli.cpumodel;

import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.CpuModel;
import java.time.Clock;
import java.util.List;
import java.util.stream.Collectors;

/** How CPU models are shown. */
final class CpuModelKind {
    private CpuModelKind() {}

    static Kind<CpuModel> at(Clock clock) {
        return new Kind<>("cpuModels", CpuModel::getName,
                List.of(Column.of("NAME", model -> ResourceNames.CPU_MODEL.id(model.getName())),
                        Column.of("VENDOR", CpuModel::getVendor), Column.of("CPU", CpuModelKind::signature),
                        Column.of("FEATURES", model -> String.valueOf(model.getFeaturesCount())),
                        Column.of("HOSTS", model -> String.valueOf(model.getHostsCount())),
                        Column.of("AGE", model -> Quantity.age(model.getCreateTime(), clock)),
                        Column.of("DESCRIPTION", CpuModel::getDescription)),
                CpuModelKind::details);
    }

    private static String signature(CpuModel model) {
        return model.getFamily() + "." + model.getModel() + "." + model.getStepping();
    }

    private static List<Detail> details(CpuModel model) {
        return new Detail.Sheet().add("Name", ResourceNames.CPU_MODEL.id(model.getName()))
                .add("Description", model.getDescription()).add("Vendor", model.getVendor())
                .add("Family.model.stepping", signature(model))
                .add("Features", String.join(" ", model.getFeaturesList()))
                .add("Made of", hosts(model.getSourceHostsList()))
                .add("Hosts that have it", hosts(model.getHostsList()))
                .add("Created", Quantity.time(model.getCreateTime())).details();
    }

    private static String hosts(List<String> names) {
        return names.stream().map(ResourceNames.HOST::id).collect(Collectors.joining(" "));
    }
}
