"""A neural network that reads 8x8 images of digits, exported as scikit-learn users do it.

    python train.py
"""

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main() -> None:
    data, labels = load_digits(return_X_y=True)
    data = (data / 16.0).astype(np.float32)
    split = train_test_split(data, labels, test_size=0.3, random_state=0, stratify=labels)
    train_rows, test_rows, train_labels, test_labels = split
    network = MLPClassifier((32,), alpha=1e-2, max_iter=1000, random_state=0)
    network.fit(train_rows, train_labels)
    options = {id(network): {"zipmap": False}}
    model = to_onnx(network, train_rows[:1], options=options, target_opset=17)
    model.graph.name = "digits-mlp"
    with open("model.onnx", "wb") as file:
        file.write(model.SerializeToString())

    session = onnxruntime.InferenceSession("model.onnx")
    label, scores = session.run(None, {session.get_inputs()[0].name: test_rows})
    # Precision is chosen on rows that the accuracy is not measured on.
    np.save("calibration.npy", train_rows[:512])
    np.save("inputs.npy", test_rows[:256])
    np.save("labels.npy", test_labels[:256].astype(np.int64))
    np.save("expected.npy", scores[:256])
    print(f"{len(test_rows)} rows, accuracy {np.mean(label == test_labels):.4f}")


if __name__ == "__main__":
    main()
