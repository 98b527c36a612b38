//! Int8 programs as ONNX models with quantized and dequantized values (QDQ).

use crate::program::{Int8Operation, Int8Program, Int8Step, Int8Value, Products, Window};
use automl_deploy::NetworkFile;
use automl_deploy::onnx::{
    Attribute, Batch, GraphBuilder, InputRange, OnnxOptions, activation, metadata,
};
use automl_extent::Extent;

impl Int8Program {
    /// The bytes of an ONNX model (opset 17) in QDQ form: a `QuantizeLinear` and a
    /// `DequantizeLinear` behind every step, weights of 8 bits with a scale per output channel,
    /// biases of 32 bits.
    ///
    /// Input and output are those of the model in floats: `image` `[batch, channels, height, width]`
    /// with pixels in the range of the options, `scores` `[batch, classes]`. The interpreter rounds halves
    /// up; runtimes may round them to even.
    pub fn to_onnx(&self, record: &NetworkFile, options: OnnxOptions) -> Vec<u8> {
        let shape = self.values[0].shape;
        let batch = match options.batch {
            Batch::Fixed(count) => Some(count),
            Batch::Dynamic => None,
        };
        let mut graph = GraphBuilder::default();
        let Extent { height, width } = shape.side;
        graph.input("image", &[batch, Some(shape.channels), Some(height), Some(width)]);
        let mut writer = Writer { program: self, graph, values: vec!["image".to_owned()] };
        for index in 0..self.steps.len() {
            let output = writer.step(index, options.range);
            let quantized =
                writer.quantized(&format!("{}/q", self.steps[index].name), &output, index + 1);
            writer.values.push(quantized);
        }
        let last = writer.values.pop().unwrap_or_default();
        let axis = [("axis", Attribute::Int(1))];
        writer.graph.node("scores", "Flatten", &[&last], &axis);
        writer.graph.output("scores", &[batch, Some(self.classes())]);
        writer.graph.model("network", metadata(record, options.range))
    }
}

struct Writer<'a> {
    program: &'a Int8Program,
    graph: GraphBuilder,
    /// Name of each value, as floats.
    values: Vec<String>,
}

impl Writer<'_> {
    /// The nodes of a step; the name of its output before it is quantized.
    fn step(&mut self, index: usize, range: InputRange) -> String {
        let Int8Step { name, inputs, operation } = &self.program.steps[index];
        let value = |position: usize| self.program.values[inputs[position]];
        let names: Vec<String> = inputs.iter().map(|&value| self.values[value].clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (x, to) = (value(0), self.program.values[index + 1]);
        match operation {
            Int8Operation::Pixels { .. } => self.pixels(names[0], range),
            Int8Operation::Matrix(products) => {
                // A product of whole maps is a convolution with a window of their size.
                let whole = products.weights.len() != products.bias.len() * x.shape.channels;
                let kernel = if whole { x.shape.side } else { Extent::square(1) };
                let window = Window::plain(kernel, 1, (0, 0));
                self.convolution(name, names[0], x, products, window, 1)
            }
            Int8Operation::Convolution { products, window, groups } => {
                self.convolution(name, names[0], x, products, *window, *groups)
            }
            Int8Operation::Depthwise { products, window } => {
                let channels = to.shape.channels;
                let taps = window.kernel.pixels();
                let weights = (0..products.weights.len())
                    .map(|at| products.weights[at % taps * channels + at / taps]);
                let products = Products { weights: weights.collect(), ..products.clone() };
                self.convolution(name, names[0], x, &products, *window, channels)
            }
            Int8Operation::MaxPool(window) => {
                self.graph.node(name, "MaxPool", &names, &attributes(window))
            }
            Int8Operation::Average { window, .. } if window.kernel == x.shape.side => {
                self.graph.node(name, "GlobalAveragePool", &names, &[])
            }
            Int8Operation::Average { window, .. } => {
                let mut attributes = attributes(window);
                attributes.push(("count_include_pad", Attribute::Int(1)));
                self.graph.node(name, "AveragePool", &names, &attributes)
            }
            Int8Operation::Table { nonlinearity, .. } => {
                activation(&mut self.graph, name, *nonlinearity, names[0])
            }
            Int8Operation::AlongChannels { weights, weight_step, .. } => {
                self.along_channels(name, names[0], x, weights, *weight_step)
            }
            Int8Operation::Add { .. } => self.graph.node(name, "Add", &names, &[]),
            Int8Operation::Scale { .. } => self.graph.node(name, "Mul", &names, &[]),
            Int8Operation::Channels { first } => {
                let mut constant = |part: &str, value: usize| {
                    self.graph.integers(&format!("{name}.{part}"), &[value as i64])
                };
                let first = [("first", *first), ("end", first + to.shape.channels), ("axis", 1)];
                let [first, end, axis] = first.map(|(part, value)| constant(part, value));
                self.graph.node(name, "Slice", &[names[0], &first, &end, &axis], &[])
            }
            Int8Operation::Concat { .. } => {
                self.graph.node(name, "Concat", &names, &[("axis", Attribute::Int(1))])
            }
        }
    }

    /// Pixels of a range to normalized ones.
    fn pixels(&mut self, image: &str, range: InputRange) -> String {
        let most = match range {
            InputRange::Normalized => return image.to_owned(),
            InputRange::Bytes => 255.0,
            InputRange::Unit => 1.0,
        };
        let dims = [1, self.program.normalization.len(), 1, 1];
        let of = |number: fn(f32, f32) -> f32| -> Vec<f32> {
            self.program.normalization.iter().map(|(mean, sd)| number(*mean, *sd)).collect()
        };
        let mean: Vec<f32> = of(|mean, _| mean).iter().map(|mean| mean * most).collect();
        let scale: Vec<f32> = of(|_, sd| 1.0 / sd).iter().map(|scale| scale / most).collect();
        let mean = self.graph.floats("input_mean", &dims, &mean);
        let scale = self.graph.floats("input_scale", &dims, &scale);
        let centered = self.graph.node("centered", "Sub", &[image, &mean], &[]);
        self.graph.node("normalized", "Mul", &[&centered, &scale], &[])
    }

    /// A value rounded to its int8; the name of the floats that they stand for.
    fn quantized(&mut self, name: &str, x: &str, value: usize) -> String {
        let scale = self.program.values[value].scale;
        let step = self.graph.floats(&format!("{name}.step"), &[], &[scale.step]);
        let zero = self.graph.signed_bytes(&format!("{name}.zero"), &[], &[scale.zero]);
        let bytes = self.graph.node(name, "QuantizeLinear", &[x, &step, &zero], &[]);
        let back = format!("{name}/floats");
        self.graph.node(&back, "DequantizeLinear", &[&bytes, &step, &zero], &[])
    }

    fn convolution(
        &mut self,
        name: &str,
        input: &str,
        x: Int8Value,
        products: &Products,
        window: Window,
        groups: usize,
    ) -> String {
        let outputs = products.bias.len();
        let channels = x.shape.channels / groups;
        let taps = window.kernel.pixels();
        let filters = products.weights.chunks_exact(channels * taps);
        let weights: Vec<i8> = filters
            .clone()
            .flat_map(|filter| (0..filter.len()).map(|at| filter[at % taps * channels + at / taps]))
            .collect();
        let zero = i32::from(x.scale.zero);
        let sums = filters.map(|filter| filter.iter().map(|w| i32::from(*w)).sum::<i32>());
        let bias: Vec<i32> =
            products.bias.iter().zip(sums).map(|(b, sum)| b + zero * sum).collect();
        let steps: Vec<f32> = products.weight_step.iter().map(|step| x.scale.step * step).collect();

        let graph = &mut self.graph;
        let axis = [("axis", Attribute::Int(0))];
        let dims = [outputs, channels, window.kernel.height, window.kernel.width];
        let bytes = graph.signed_bytes(&format!("{name}.weight"), &dims, &weights);
        let step = graph.floats(&format!("{name}.weight.step"), &[outputs], &products.weight_step);
        let zeros =
            graph.signed_bytes(&format!("{name}.weight.zero"), &[outputs], &vec![0; outputs]);
        let floats = format!("{name}/weight");
        let weight = graph.node(&floats, "DequantizeLinear", &[&bytes, &step, &zeros], &axis);
        let words = graph.words(&format!("{name}.bias"), &[outputs], &bias);
        let step = graph.floats(&format!("{name}.bias.step"), &[outputs], &steps);
        let floats = format!("{name}/bias");
        let bias = graph.node(&floats, "DequantizeLinear", &[&words, &step], &axis);
        let mut attributes = attributes(&window);
        attributes.push(("group", Attribute::Int(groups as i64)));
        graph.node(name, "Conv", &[input, &weight, &bias], &attributes)
    }

    fn along_channels(
        &mut self,
        name: &str,
        input: &str,
        x: Int8Value,
        weights: &[i8],
        weight_step: f32,
    ) -> String {
        let (graph, channels) = (&mut self.graph, x.shape.channels as i64);
        let bytes = graph.signed_bytes(&format!("{name}.weight"), &[1, 1, weights.len()], weights);
        let step = graph.floats(&format!("{name}.weight.step"), &[], &[weight_step]);
        let zero = graph.signed_bytes(&format!("{name}.weight.zero"), &[], &[0]);
        let floats = format!("{name}/weight");
        let weight = graph.node(&floats, "DequantizeLinear", &[&bytes, &step, &zero], &[]);
        let line = graph.integers(&format!("{name}.line"), &[0, 1, channels]);
        let line = graph.node(&format!("{name}/line"), "Reshape", &[input, &line], &[]);
        let half = (weights.len() / 2) as i64;
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![weights.len() as i64])),
            ("pads", Attribute::Ints(vec![half, half])),
        ];
        let sum = graph.node(&format!("{name}/sum"), "Conv", &[&line, &weight], &attributes);
        let maps = graph.integers(&format!("{name}.maps"), &[0, channels, 1, 1]);
        graph.node(name, "Reshape", &[&sum, &maps], &[])
    }
}

fn attributes(window: &Window) -> Vec<(&'static str, Attribute)> {
    let Window { kernel, dilation, stride, before, after } = window;
    let ints = |numbers: &[usize]| Attribute::Ints(numbers.iter().map(|n| *n as i64).collect());
    let mut attributes = vec![
        ("kernel_shape", ints(&[kernel.height, kernel.width])),
        ("strides", ints(&[*stride; 2])),
        ("pads", ints(&[*before, *before, *after, *after])),
    ];
    if *dilation > 1 {
        attributes.push(("dilations", ints(&[*dilation; 2])));
    }
    attributes
}
