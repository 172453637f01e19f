package io.drover.cli.vm;

import com.google.common.hash.Hashing;
import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.FileUpload;
import io.drover.cli.api.ResourceNames;
import io.drover.debian.seed.Seed;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.DeleteImageRequest;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/** A VM's seed as an image of its own, which comes and goes with the VM. */
final class SeedImage {
    /** Of the disk, which images and other disks of the VM do not have. */
    static final String DISK = "seed";
    private static final int NAME_MAX = 63;
    private static final int DIGEST_LENGTH = 8;

    private final String id;

    private SeedImage(String id) {
        this.id = id;
    }

    /** The disk of a VM that has it. */
    VmDisk disk() {
        return VmDisk.newBuilder().setName(DISK).setImage(ResourceNames.IMAGE.full(id)).setReadOnly(true).build();
    }

    /** Uploads and registers it; what is there already, as the command is repeated, is used. */
    static SeedImage register(ApiClient api, Surroundings surroundings, String vm, Seed seed)
            throws Failure, InterruptedException {
        byte[] bytes = seed.image();
        String digest = Hashing.sha256().hashBytes(bytes).toString();
        String end = "-" + DISK + "-" + digest.substring(0, DIGEST_LENGTH);
        String id = vm.substring(0, Math.min(vm.length(), NAME_MAX - end.length())) + end;
        ImageFile file = upload(api, surroundings, vm, bytes);
        Image image = Image.newBuilder().setDescription("seed of " + vm)
                .setDiskImage(DiskImage.newBuilder().setFile(file).setFormat(DiskImage.Format.RAW)).build();
        try {
            api.call("the seed of VM " + vm + " was not registered", () -> api.images().createImage(CreateImageRequest
                    .newBuilder().setImageId(id).setImage(image).setRequestId(UUID.randomUUID().toString()).build()));
        } catch (Failure e) {
            if (e.exitCode() != ExitCode.CONFLICT) {
                throw e;
            }
        }
        return new SeedImage(id);
    }

    private static ImageFile upload(ApiClient api, Surroundings surroundings, String vm, byte[] bytes)
            throws Failure, InterruptedException {
        try {
            Path file = Files.createTempFile(vm + "-" + DISK + "-", ".iso");
            try {
                Files.write(file, bytes);
                return new FileUpload(api, surroundings).send(file).file();
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new Failure(ExitCode.ERROR, "the seed of VM " + vm + " was not made", e.toString(),
                    "check that there is space for temporary files");
        }
    }

    /** The seed that a VM was created with; none if there is no such VM. */
    static Optional<SeedImage> of(ApiClient api, String vm) throws Failure {
        Vm found;
        try {
            found = api.call("cannot look at VM " + vm,
                    () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(vm)).build()));
        } catch (Failure e) {
            if (e.exitCode() == ExitCode.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
        return found.getSpec().getDisksList().stream().filter(disk -> disk.getName().equals(DISK))
                .map(disk -> ResourceNames.IMAGE.id(disk.getImage())).filter(image -> isOf(vm, image)).findFirst()
                .map(SeedImage::new);
    }

    private static boolean isOf(String vm, String image) {
        int end = image.length() - DIGEST_LENGTH - DISK.length() - 2;
        return end > 0 && image.substring(end).matches("-" + DISK + "-[0-9a-f]+")
                && vm.startsWith(image.substring(0, end));
    }

    /** Deletes it, unless another VM was given it, too. */
    void discard(ApiClient api) throws Failure {
        try {
            api.call("the seed " + id + " was not deleted", () -> api.images()
                    .deleteImage(DeleteImageRequest.newBuilder().setName(ResourceNames.IMAGE.full(id)).build()));
        } catch (Failure e) {
            if (e.exitCode() != ExitCode.CONFLICT && e.exitCode() != ExitCode.NOT_FOUND) {
                throw e;
            }
        }
    }
}
