"""A random forest of 50 trees on the Wisconsin breast cancer data.

    python train.py
"""

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split


def main() -> None:
    data, labels = load_breast_cancer(return_X_y=True)
    split = train_test_split(
        data.astype(np.float32), labels, test_size=0.3, random_state=0, stratify=labels
    )
    train_rows, test_rows, train_labels, test_labels = split
    forest = RandomForestClassifier(50, max_depth=6, random_state=0).fit(train_rows, train_labels)
    options = {id(forest): {"zipmap": False}}
    model = to_onnx(forest, train_rows[:1], options=options, target_opset=15)
    model.graph.name = "breast-cancer-forest"
    with open("model.onnx", "wb") as file:
        file.write(model.SerializeToString())

    session = onnxruntime.InferenceSession("model.onnx")
    label, scores = session.run(None, {session.get_inputs()[0].name: test_rows})
    np.save("inputs.npy", test_rows)
    np.save("labels.npy", test_labels.astype(np.int64))
    np.save("expected.npy", scores)
    print(f"{len(test_rows)} rows, accuracy {np.mean(label == test_labels):.4f}")


if __name__ == "__main__":
    main()
