package io.drover.controller.reconcile;

import io.drover.controller.agent.RunDisk;
import io.drover.controller.agent.RunNic;
import io.drover.controller.agent.RunOrder;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Disk;
import io.drover.controller.record.GenerationId;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Placement;
import io.drover.controller.record.SavedGuest;
import io.drover.controller.record.Vm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What a host is to run for a VM, put together from its record and its images. */
sealed interface RunPlan {
    /**
     * It can be run.
     *
     * @param files that the host needs
     */
    record Ready(RunOrder order, List<Image.ImageFile> files) implements RunPlan {
        public Ready {
            files = List.copyOf(files);
        }
    }

    /** An image or CPU model is not what it was when the VM was made: no host can run it. */
    record Impossible(String why) implements RunPlan {}

    static RunPlan of(Vm vm, Owner owner, String operation, Function<ImageId, Optional<Image>> images,
            Function<CpuModelId, Optional<CpuModel>> cpuModels) {
        ImageId boot = vm.spec().image();
        Optional<Image> image = images.apply(boot);
        if (!(image.map(Image::source).orElse(null) instanceof Image.Kernel kernel)) {
            return impossible(boot, image, "kernel");
        }
        List<Image.ImageFile> files = new ArrayList<>(kernel.files());
        List<RunDisk> disks = new ArrayList<>();
        for (Disk disk : vm.spec().disks()) {
            if (disk.image().isEmpty()) {
                disks.add(new RunDisk(disk, Optional.empty()));
                continue;
            }
            Optional<Image> begin = images.apply(disk.image().get());
            if (!(begin.map(Image::source).orElse(null) instanceof Image.Disk source)) {
                return impossible(disk.image().get(), begin, "disk");
            }
            disks.add(new RunDisk(disk, Optional.of(source)));
            files.addAll(source.files());
        }
        Optional<CpuModel> cpu = vm.spec().cpuModel().flatMap(cpuModels);
        if (cpu.isEmpty() && vm.spec().cpuModel().isPresent()) {
            return new Impossible(vm.spec().cpuModel().get().resourceName() + " is not there any more");
        }
        return new Ready(order(vm, owner, operation, kernel, disks, cpu), files);
    }

    private static RunPlan impossible(ImageId id, Optional<Image> image, String wanted) {
        return new Impossible(
                id.resourceName() + (image.isEmpty() ? " is not there any more" : " is no " + wanted + " image"));
    }

    private static RunOrder order(Vm vm, Owner owner, String operation, Image.Kernel kernel, List<RunDisk> disks,
            Optional<CpuModel> cpu) {
        String extra = vm.spec().extraCommandLine();
        String ofImage = vm.spec().consoles().commandLine(kernel.commandLine());
        String commandLine = extra.isEmpty() ? ofImage : (ofImage + " " + extra).strip();
        String driver = vm.placement().map(Placement::driver).orElse(vm.spec().driver());
        return new RunOrder(vm.id(), vm.uid(), owner.epoch(), operation, driver, vm.spec().vcpus(),
                vm.spec().memoryBytes(), kernel.kernel().sha256(), kernel.initramfs().map(Image.ImageFile::sha256),
                commandLine, disks, vm.disksHost().equals(Optional.of(owner.host())),
                vm.spec().nics().stream().map(nic -> new RunNic(nic, nic.mac(vm.uid()))).toList(),
                vm.spec().vsock(), vm.spec().consoles(), cpu, vm.spec().devices(), GenerationId.of(vm.uid()),
                vm.spec().resources(), vm.devices(), vm.spec().memoryTargetBytes(), owner.leased(),
                vm.saved().filter(kept -> kept.host().equals(owner.host())).map(SavedGuest::epoch).orElse(0L));
    }
}
