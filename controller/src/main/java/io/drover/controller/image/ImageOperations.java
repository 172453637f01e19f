package io.drover.controller.image;

import io.drover.controller.file.FileStore;
import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.controller.stream.Calls;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What users ask of images. */
public final class ImageOperations {
    private final Store store;
    private final FileStore files;
    private final Clock clock;

    public ImageOperations(Store store, FileStore files, Clock clock) {
        this.store = store;
        this.files = files;
        this.clock = clock;
    }

    Image create(ImageId id, Image.Source source, String description, String requestId)
            throws ProblemException, InterruptedException {
        Optional<Image> same = known(id, source, description, requestId);
        if (same.isPresent()) {
            return same.get();
        }
        Image image = new Image(id, sized(source), description, clock.instant(), requestId);
        try {
            store.commitAndWait(List.of(new Change.Create(image)));
            return image;
        } catch (CommitException.Conflict e) {
            return known(id, source, description, requestId)
                    .orElseThrow(() -> new ProblemException(new Problem.Contended(id.resourceName()), e));
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }

    /** The image that an earlier arrival of the same request made. */
    private Optional<Image> known(ImageId id, Image.Source source, String description, String requestId)
            throws ProblemException {
        Optional<Image> there = store.view().image(id).map(Versioned::value);
        if (there.isEmpty()) {
            return Optional.empty();
        }
        if (requestId.isEmpty() || !there.get().requestId().equals(requestId)) {
            throw new ProblemException(
                    new Problem.AlreadyExists(id.resourceName(), "choose another name, or delete it first"));
        }
        if (!sameBut(there.get().source(), source) || !there.get().description().equals(description)) {
            throw new ProblemException(new Problem.RequestIdReused(requestId, id.resourceName()));
        }
        return there;
    }

    /** The same files and the rest; sizes were filled in when it was made. */
    private static boolean sameBut(Image.Source there, Image.Source asked) {
        return withoutSizes(there).equals(withoutSizes(asked));
    }

    private static Image.Source withoutSizes(Image.Source source) {
        return switch (source) {
            case Image.Kernel kernel ->
                new Image.Kernel(sized(kernel.kernel(), 0), kernel.initramfs().map(file -> sized(file, 0)),
                        kernel.commandLine());
            case Image.Disk disk -> new Image.Disk(sized(disk.file(), 0), disk.format());
        };
    }

    private Image.Source sized(Image.Source source) throws ProblemException {
        return switch (source) {
            case Image.Kernel kernel -> new Image.Kernel(sized(kernel.kernel()),
                    kernel.initramfs().isPresent() ? Optional.of(sized(kernel.initramfs().get())) : Optional.empty(),
                    kernel.commandLine());
            case Image.Disk disk -> new Image.Disk(sized(disk.file()), disk.format());
        };
    }

    /** With the size that the uploaded file has. */
    private Image.ImageFile sized(Image.ImageFile file) throws ProblemException {
        try {
            OptionalLong size = files.size(file.sha256());
            if (size.isEmpty()) {
                throw new ProblemException(new Problem.NotNow("FILE_MISSING", "files/" + file.sha256(),
                        "file " + file.sha256() + " (" + file.fileName() + ") has not been uploaded",
                        "upload it, then try again"));
            }
            if (file.sizeBytes() != 0 && file.sizeBytes() != size.getAsLong()) {
                throw ProblemException.invalid("image",
                        "size of " + file.sha256() + " : " + file.sizeBytes() + " (expected: "
                                + size.getAsLong() + ", as uploaded)");
            }
            files.touch(file.sha256());
            return sized(file, size.getAsLong());
        } catch (IOException e) {
            throw new ProblemException(Calls.fault(e), e);
        }
    }

    private static Image.ImageFile sized(Image.ImageFile file, long sizeBytes) {
        return new Image.ImageFile(file.sha256(), sizeBytes, file.fileName());
    }

    /** Images by name, after one name. */
    List<Image> page(Optional<ImageId> after, int size) {
        List<Image> page = new ArrayList<>();
        var rest = after.isPresent() ? store.view().images().tailMap(after.get(), false) : store.view().images();
        for (Versioned<Image> image : rest.values()) {
            if (page.size() == size) {
                break;
            }
            page.add(image.value());
        }
        return page;
    }

    Image get(ImageId id) throws ProblemException {
        return store.view().image(id).orElseThrow(() -> ProblemException.notFound(id.resourceName())).value();
    }

    void delete(ImageId id) throws ProblemException, InterruptedException {
        try {
            // A VM that was made through another controller just now counts too.
            store.refresh();
            Versioned<Image> image = store.view().image(id)
                    .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            Optional<Vm> user = store.view().vms().values().stream().map(Versioned::value)
                    .filter(vm -> vm.spec().images().contains(id)).findFirst();
            if (user.isPresent()) {
                throw new ProblemException(new Problem.NotNow("IMAGE_IN_USE", id.resourceName(),
                        id.resourceName() + " is used by " + user.get().id().resourceName(),
                        "delete the VMs that use it first"));
            }
            store.commitAndWait(List.of(new Change.Remove(id, image.version())));
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }
}
